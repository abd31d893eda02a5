/** Names the module in errors of the pure packages, which know bytes only. */

import { EngineError } from "@wasm-engine/abi";

/** Runs `action`; a coded error leaves with the module's name and path in its message and details. */
export function withModule<Result>(name: string, path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!EngineError.is(error) || error.code.startsWith("WE_INTERNAL_")) throw error;
    const record = error.toRecord();
    const isUnsigned = error.code === "WE_SIGNATURE_MISSING" || error.code === "WE_SIGNATURE_UNTRUSTED";
    const hint = isUnsigned
      ? `sign it with your own key (wasm-engine build ${path}) or add its signer to trust.keys`
      : record.hint;
    throw new EngineError({
      ...record,
      message: `Module "${name}" (${path}): ${record.message}`,
      ...(hint === undefined ? {} : { hint }),
      details: { ...record.details, module: name, path },
    });
  }
}

/** `sign MODULE`: adds signatures to a module, or writes them into a file of their own. */

import { resolve } from "node:path";
import { signModuleFile } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, listOption, textOption } from "../command.js";
import { usageError } from "../errors.js";

export const sign: CommandFunction = async ({ parsed, reporter }) => {
  const keys = listOption(parsed, "key");
  if (keys.length === 0) throw usageError("sign", "sign needs at least one --key FILE");
  const out = textOption(parsed, "out");
  const detached = flagOption(parsed, "detached");
  const signed = await signModuleFile(resolve(parsed.arguments[0] ?? ""), {
    keys: keys.map((key) => resolve(key)),
    detached,
    ...(out === undefined ? {} : { output: resolve(out) }),
  });
  for (const path of signed.sharedKeys) {
    reporter.warn(`others may read the secret key ${path}: chmod 600, and consider it known`);
  }
  const { path, digest, keyIds, signatures } = signed;
  return {
    document: { path, digest, keyIds, signatures, detached },
    text: [`signed by ${keyIds.join(", ")}`, `digest ${digest}`, `${signatures} signatures in ${path}`].join(
      "\n",
    ),
  };
};

/** `verify MODULE`: which keys signed it, which are missing, and whether that is enough. */

import { EngineError } from "@wasm-engine/abi";
import { loadTrustPolicy, policyOfKeys, verifyModuleFile } from "@wasm-engine/engine";
import type { ModuleFileReport, Signer, TrustPolicy } from "@wasm-engine/engine";
import { resolve } from "node:path";
import type { CommandFunction, Parsed } from "../command.js";
import { integerOption, listOption, textOption } from "../command.js";
import { usageError } from "../errors.js";
import { projectFolder } from "../project-folder.js";

export const verify: CommandFunction = async ({ parsed }) => {
  const path = resolve(parsed.arguments[0] ?? "");
  const policy = await policyOf(parsed, path);
  const signature = textOption(parsed, "signature");
  const rebuild = textOption(parsed, "rebuild");
  const { report, error } = await verifyModuleFile(path, {
    policy,
    ...(signature === undefined ? {} : { signature: resolve(signature) }),
    ...(rebuild === undefined ? {} : { rebuild: resolve(rebuild) }),
  });
  if (error !== undefined) {
    const record = error.toRecord();
    throw new EngineError({ ...record, details: { ...record.details, result: report } });
  }
  return { document: report, text: textOf(report) };
};

/** The keys given, else the policy given, else that of the project that the module lies in. */
async function policyOf(parsed: Parsed, module: string): Promise<TrustPolicy> {
  const keys = listOption(parsed, "key");
  const file = textOption(parsed, "policy");
  const threshold = integerOption(parsed, "threshold");
  if (keys.length > 0 && file !== undefined)
    throw usageError("verify", "--key cannot be combined with --policy");
  if (keys.length > 0) return policyOfKeys(keys, threshold);
  if (threshold !== undefined)
    throw usageError("verify", "--threshold needs --key; a policy says itself how many signers it requires");
  const policy = file ?? projectFolder(module);
  if (policy === undefined) {
    throw usageError(
      "verify",
      "no engine.yaml above the module says whom to trust; give --key FILE or --policy engine.yaml",
    );
  }
  return loadTrustPolicy(policy);
}

function textOf({ path, digest, signers, missing, unknown, threshold, rebuilt }: ModuleFileReport): string {
  return [
    `verified ${path}: ${signers.length} of ${threshold} needed`,
    `digest   ${digest ?? "none"}`,
    ...signers.map((signer) => `signed   ${named(signer)}`),
    ...missing.map((signer) => `missing  ${named(signer)}`),
    ...unknown.map((keyId) => `unknown  ${keyId}`),
    ...(rebuilt === true ? ["rebuilt  the source gives the same module"] : []),
  ].join("\n");
}

function named({ name, keyId }: Signer): string {
  return name === keyId ? keyId : `${keyId}  ${name}`;
}

/** Where a secret of the configuration comes from. Values are never read here and never shown. */

import type { SecretSource } from "../adapters/contract.js";
import type { ConfigContext } from "./config-context.js";
import type { SecretEntry } from "./config-file.js";
import type { Path } from "./yaml-document.js";

const expected = "a map {env: NAME} or {file: PATH}";

/** The source that an entry names; undefined with a problem noted where it names none, both or the secret itself. */
export function resolveSecret(
  context: ConfigContext,
  path: Path,
  entry: SecretEntry,
): SecretSource | undefined {
  if (typeof entry === "string") {
    const advice = "keep the secret out of the configuration: name an environment variable or a file";
    context.add("WE_CONFIG_TYPE", path, { expected, came: "a text, which is not shown here", advice });
    return undefined;
  }
  const { env, file } = entry;
  if (env !== undefined && file === undefined) return { env };
  if (file !== undefined && env === undefined) return { file: context.absolute(file) };
  const came = env === undefined ? "neither" : "both";
  context.add("WE_CONFIG_VALUE", path, { expected, came, advice: "name one of the two" });
  return undefined;
}

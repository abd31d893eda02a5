/**
 * The folder that projects share for what is derived from content alone: what preparing a module gave, and builds.
 * Owns its name; what lies in it, and under which key, is said by those who keep something there.
 */

/** Environment variable that names the folder. */
export const PREPARED_VARIABLE = "WASM_ENGINE_PREPARED";

/** The shared folder, where one is named. */
export function sharedFolder(): string | undefined {
  const path = process.env[PREPARED_VARIABLE] ?? "";
  return path === "" ? undefined : path;
}

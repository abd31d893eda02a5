/** What a project may be called: npm's rules for packages and the engine's for worlds at once. */

import { basename } from "node:path";
import { fail } from "./errors.js";

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const nameCharactersMax = 63;
/** npm refuses these as names of packages. */
const reserved = new Set(["node_modules", "favicon.ico"]);

/** @throws {WE_INIT_NAME} */
export function checkedName(name: string): string {
  if (namePattern.test(name) && !reserved.has(name)) return name;
  throw fail("WE_INIT_NAME", { name: JSON.stringify(name) });
}

/** The folder's name with everything else as hyphens. @throws {WE_INIT_NAME} where nothing is left of it. */
export function nameOfFolder(folder: string): string {
  const plain = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, nameCharactersMax);
  // Of a name without any such letter nothing is left, and that would say nothing in the refusal.
  return checkedName(plain === "" ? basename(folder) : plain);
}

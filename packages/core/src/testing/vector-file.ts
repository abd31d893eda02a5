/** Golden vectors in `spec/vectors`. With WRITE_VECTORS=1 a test writes what it would otherwise compare. */

import { readFileSync, writeFileSync } from "node:fs";

/** The vectors of `spec/vectors/<name>.json`; `make` gives the current ones. */
export function goldenVectors<T>(name: string, make: () => T): T {
  const file = new URL(`../../../../spec/vectors/${name}.json`, import.meta.url);
  if (process.env["WRITE_VECTORS"] === "1") writeFileSync(file, `${JSON.stringify(make(), undefined, 2)}\n`);
  return JSON.parse(readFileSync(file, "utf8")) as T; // compared with what `make` gives
}

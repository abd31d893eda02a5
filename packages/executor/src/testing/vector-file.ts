/** Golden vectors in `spec/vectors`. With WRITE_VECTORS=1 a test writes what it would otherwise compare. */

import { readFileSync, writeFileSync } from "node:fs";

/** The vectors of `name`, or `computed` after writing them. */
export function vectorsOf(name: string, computed: unknown): unknown {
  const file = new URL(`../../../../spec/vectors/${name}.json`, import.meta.url);
  if (process.env["WRITE_VECTORS"] === "1") writeFileSync(file, `${JSON.stringify(computed, null, 2)}\n`);
  return JSON.parse(readFileSync(file, "utf8"));
}

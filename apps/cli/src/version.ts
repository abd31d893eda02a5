/** Version of the published package. */

import { readFileSync } from "node:fs";

export function cliVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const manifest = JSON.parse(text) as { version: string }; // our own package.json
  return manifest.version;
}

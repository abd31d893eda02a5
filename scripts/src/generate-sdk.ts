/** Writes the generated part of every guest SDK: `npm run build && node scripts/dist/generate-sdk.js`. */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sdkFiles } from "./sdk/sdk-files.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
for (const file of sdkFiles(root)) {
  writeFileSync(`${root}/${file.path}`, file.text);
  console.log(`wrote ${file.path}`);
}

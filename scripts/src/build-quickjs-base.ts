/** Builds the QuickJS guest base anew: `npm run build && node scripts/dist/build-quickjs-base.js`. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assetManifest } from "./sdk/asset-manifest.js";
import { missingCCompiler } from "./sdk/c-modules.js";
import { baseAsset, buildQuickJsBase, missingBaseTools } from "./sdk/quickjs-base.js";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const missing = missingCCompiler() ?? missingBaseTools(root);
if (missing !== undefined) {
  console.error(`The base cannot be built: ${missing}`);
  process.exit(4);
}
const folder = mkdtempSync(join(tmpdir(), "wasm-engine-quickjs-"));
try {
  const base = buildQuickJsBase(root, folder);
  writeFileSync(join(root, baseAsset), base);
  writeFileSync(join(root, "assets/manifest.json"), assetManifest(root));
  console.log(`wrote ${baseAsset}, ${base.length} bytes`);
} finally {
  rmSync(folder, { recursive: true });
}

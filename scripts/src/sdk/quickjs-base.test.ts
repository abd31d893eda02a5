/** The committed QuickJS base is what its sources give. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { assetManifest } from "./asset-manifest.js";
import { missingCCompiler } from "./c-modules.js";
import { baseAsset, buildQuickJsBase, missingBaseTools } from "./quickjs-base.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const missing = missingCCompiler() ?? missingBaseTools(root);
const skip = missing === undefined ? false : `${missing}; the committed base is tested as it is`;

test("building the base gives the committed bytes", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-quickjs-"));
  try {
    const same = Buffer.from(buildQuickJsBase(root, folder)).equals(readFileSync(join(root, baseAsset)));
    assert.ok(same, "stale: run `npm run build && node scripts/dist/build-quickjs-base.js`");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("assets/manifest.json describes the assets", () => {
  assert.equal(readFileSync(join(root, "assets/manifest.json"), "utf8"), assetManifest(root));
});

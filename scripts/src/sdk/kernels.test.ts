/** Committed kernels are what their sources compile to, and what their manifest says. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { missingCCompiler } from "./c-modules.js";
import { compileKernel, kernelFolder, kernelManifest, kernelSources } from "./kernels.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const missing = missingCCompiler();
const hint = "stale: run `npm run build && node scripts/dist/build-kernels.js`";

test("the manifest of the kernels has their digests", () => {
  assert.equal(readFileSync(join(root, kernelFolder, "manifest.json"), "utf8"), kernelManifest(root), hint);
});

for (const kernel of kernelSources) {
  const { name, language } = kernel;
  const skip =
    language === "C" && missing !== undefined ? `${missing}; the module is measured as it is` : false;
  test(`${kernelFolder}/${name}.wasm is what its source compiles to`, { skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "wasm-engine-kernel-"));
    try {
      const output = join(folder, `${name}.wasm`);
      assert.equal(await compileKernel(root, kernel, output), "");
      assert.ok(readFileSync(output).equals(readFileSync(join(root, kernelFolder, `${name}.wasm`))), hint);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

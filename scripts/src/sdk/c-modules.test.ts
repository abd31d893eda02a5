/** Committed modules are what their sources compile to. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { buildModule } from "@wasm-engine/engine";
import { cModules, compileC, missingCCompiler } from "./c-modules.js";

const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const missing = missingCCompiler();
const skip = missing === undefined ? false : `${missing}; the committed module is tested as it is`;

for (const name of cModules) {
  test(`${name}.wasm is what ${name}.c compiles to`, { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), "wasm-engine-c-"));
    try {
      const output = join(folder, "agent.wasm");
      assert.equal(compileC(root, `${name}.c`, output), "");
      const hint = "stale: run `npm run build && node scripts/dist/build-c-modules.js`";
      assert.ok(readFileSync(output).equals(readFileSync(join(root, `${name}.wasm`))), hint);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

for (const name of cModules) {
  test(`${name}.c built by wasm-engine has the digest of the committed module`, { skip }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "wasm-engine-c-"));
    try {
      const built = await buildModule(join(root, `${name}.c`), { directory, name: "agent" });
      const committed = await buildModule(join(root, `${name}.wasm`), { directory, name: "agent" });
      assert.equal(built.digest, committed.digest);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

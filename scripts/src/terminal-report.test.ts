/** A test file that hangs ends with its name and with those of the tests that it hangs in. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const reporter = fileURLToPath(new URL("./terminal-report.mjs", import.meta.url));

test("[G10] a file that never ends is ended and named, with the tests under way in it", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-report-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "endless.test.mjs");
  writeFileSync(
    path,
    `import { test } from "node:test";
test("quick", () => undefined);
test("endless", async () => {
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
});
`,
  );
  // Node's runner runs nothing within a test of another one.
  const environment = { ...process.env };
  delete environment["NODE_TEST_CONTEXT"];
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      "--test",
      "--test-timeout=1500",
      `--test-reporter=${reporter}`,
      "--test-reporter-destination=stdout",
      path,
    ],
    { encoding: "utf8", env: environment },
  );
  assert.equal(status, 1);
  assert.ok(stdout.includes(`FAILED ${path}`), stdout);
  assert.match(stdout, /timed out after 1500ms/);
  // Where the machine is so slow that nothing had begun, there is nothing to name.
  assert.match(stdout, /under way: endless \(the last that ended: quick\)|no test was under way/);
});

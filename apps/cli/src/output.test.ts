/** What becomes of a verb whose output nobody takes. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../bin/wasm-engine.js", import.meta.url));

test("a reader that has seen enough ends the verb without a word [S14.explain]", async () => {
  const child = spawn(process.execPath, [cli, "explain", "--list"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  const said: Buffer[] = [];
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(Buffer.concat(said).toString(), "");
  assert.equal(code, 0);
});

test("output onto a full disk is one coded error [G10]", { skip: !existsSync("/dev/full") }, () => {
  const full = openSync("/dev/full", "w");
  try {
    const { status, stderr } = spawnSync(process.execPath, [cli, "explain", "--list"], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    assert.match(stderr, /^error\[WE_CLI_OUTPUT\]: Standard output cannot be written: .*ENOSPC.*\n$/);
    assert.equal(status, 4);
  } finally {
    closeSync(full);
  }
});

/** What stands in place of a file of a run and is none, or is longer than any such file: refused, never waited for. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openIndexFile } from "../follower/index-place.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { recoverLog, verifyRunLog } from "./event-log-reader.js";
import { nodeFileSystem } from "./file-system.js";
import { RunFolder } from "./run-folder.js";
import { RunLock } from "./run-lock.js";

const isWindows = process.platform === "win32";

function oddFiles(context: TestContext): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-odd-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const [pipe, device, inner] = [join(folder, "pipe"), join(folder, "device"), join(folder, "folder")];
  execFileSync("mkfifo", [pipe]);
  symlinkSync("/dev/zero", device);
  mkdirSync(inner);
  return [pipe, device, inner];
}

test(
  "[G10] pipes, devices and folders are refused by whatever reads or writes files",
  { skip: isWindows },
  (context) => {
    const refused = { code: "WE_RUN_FILE_DAMAGED", exitCode: 3 };
    for (const path of oddFiles(context)) {
      assert.throws(() => nodeFileSystem.read(path), refused);
      assert.throws(() => nodeFileSystem.readPart(path, 0, 8), refused);
      const { code } = assertThrown(() => nodeFileSystem.open(path));
      assert.ok(["WE_RUN_FILE_DAMAGED", "EISDIR"].includes(code), code);
      assert.match(assertThrown(() => openIndexFile(path)).code, /^(WE_RUN_UNWRITABLE|EISDIR|ELOOP)$/);
    }
  },
);

test(
  "[G10] a run with a pipe or a huge file in place of its own is refused",
  { skip: isWindows },
  (context) => {
    const path = mkdtempSync(join(tmpdir(), "wasm-engine-odd-"));
    context.after(() => rmSync(path, { recursive: true }));
    const folder = RunFolder.create(path, { runId: "r" }, nodeHasher);
    const look = {
      "run.json": () => folder.readInfo(),
      synced: () => recoverLog(folder.log),
      "side.jsonl": () => folder.sideRecords(),
      "log/0000000000.seg": () => verifyRunLog(folder.log),
    };
    for (const [name, read] of Object.entries(look)) {
      const file = join(path, name);
      rmSync(file, { force: true });
      execFileSync("mkfifo", [file]);
      assert.throws(read, { code: "WE_RUN_FILE_DAMAGED", message: /not a file/ }, name);
      rmSync(file);
      writeFileSync(file, "");
      // Sparse: no bytes of it are on the disk.
      truncateSync(file, 3 * 1024 ** 3);
      assert.throws(read, { code: "WE_RUN_FILE_DAMAGED", message: /3221225472 bytes/ }, name);
      rmSync(file);
    }
    execFileSync("mkfifo", [join(path, "lock")]);
    assert.throws(() => RunLock.acquire(join(path, "lock")), { code: /^WE_RUN_(LOCKED|UNWRITABLE)$/ });
  },
);

function assertThrown(call: () => unknown): { readonly code: string } {
  try {
    call();
  } catch (error) {
    return error as { readonly code: string }; // of Node or ours, both have a code
  }
  return assert.fail("nothing was thrown");
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs, { existsSync, lstatSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { freshFolder } from "../testing/run-folders.js";
import { RunLock, lockHolder } from "./run-lock.js";

const folder = freshFolder("run-lock");

test(
  "[G3] a process that nobody has reaped holds no lock",
  { skip: process.platform !== "linux" },
  async () => {
    // The shell's child ends when its input does, and what the shell has become by then never asks for it.
    const parent = spawn("sh", ["-c", "cat <&3 & echo $!; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore", "pipe"],
    });
    try {
      const pid = await new Promise<number>((resolve) => {
        parent.stdout?.once("data", (bytes: Buffer) => resolve(Number(bytes.toString())));
      });
      const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
      while (readFileSync(`/proc/${parent.pid}/comm`, "utf8") !== "sleep\n") await turn();
      parent.stdio[3]?.destroy();
      const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      while (stat()[0] !== "Z") await turn();
      const path = join(folder, "lock");
      writeFileSync(path, JSON.stringify({ pid, started: stat()[19], nonce: 1 }));
      assert.equal(lockHolder(path), undefined);
      const lock = RunLock.acquire(path);
      assert.equal(lockHolder(path), process.pid);
      lock.release();
    } finally {
      parent.kill("SIGKILL");
    }
  },
);

/** While `work` runs, no file can be written: as on a disk on which nothing is left. */
function onFullDisk(context: TestContext, work: () => void): void {
  const full = (): never => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  const mocked = context.mock.method(fs, "writeFileSync", full);
  syncBuiltinESMExports();
  try {
    work();
  } finally {
    mocked.mock.restore();
    syncBuiltinESMExports();
  }
}

test("[G10] on a full disk the lock is still had, keeps others out, and leaves nothing", (context) => {
  const place = freshFolder("run-lock-full");
  const path = join(place, "lock");
  onFullDisk(context, () => {
    const lock = RunLock.acquire(path);
    assert.ok(lstatSync(path).isSymbolicLink());
    assert.equal(lockHolder(path), process.pid);
    assert.throws(() => RunLock.acquire(path), { code: "WE_RUN_LOCKED" });
    lock.release();
    assert.deepEqual(readdirSync(place), []);
  });
  symlinkSync(JSON.stringify({ pid: 2 ** 22 + 1, started: "1", nonce: 1 }), path);
  const next = RunLock.acquire(path);
  assert.ok(lstatSync(path).isFile(), "that of a dead process is replaced");
  next.release();
  assert.ok(!existsSync(path));
  const nowhere = join(place, "no", "lock");
  onFullDisk(context, () => assert.throws(() => RunLock.acquire(nowhere), { code: "WE_DISK_FULL" }));
});

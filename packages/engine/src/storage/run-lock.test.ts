import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freshFolder } from "../testing/run-folders.js";
import { RunLock, lockHolder } from "./run-lock.js";

const folder = freshFolder("run-lock");

test(
  "[G3] a process that nobody has reaped holds no lock",
  { skip: process.platform !== "linux" },
  async () => {
    // The shell's child ends at once, and what the shell becomes never asks for it.
    const parent = spawn("sh", ["-c", "true & echo $!; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const pid = await new Promise<number>((resolve) => {
        parent.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString())));
      });
      const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      while (stat()[0] !== "Z") await new Promise((resolve) => setImmediate(resolve));
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

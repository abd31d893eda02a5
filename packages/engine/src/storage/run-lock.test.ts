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

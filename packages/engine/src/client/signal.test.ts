import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { lockHolder } from "../storage/run-lock.js";
import { freshFolder } from "../testing/run-folders.js";
import { readRunStore } from "../world/run-store.js";
import { replayRun } from "./replay-run.js";

const folder = freshFolder("signal");
const program = fileURLToPath(new URL("../testing/signal-program.js", import.meta.url));

interface Said {
  readonly kind: string;
  readonly pid?: number;
  readonly result?: { readonly reason: string; readonly ticks: number; readonly chainHead: string };
}

/** Starts the program and sends `signal` once the world has made progress. Returns everything it said. */
async function interrupted(
  name: string,
  signal: NodeJS.Signals,
): Promise<{ said: Said[]; child: ChildProcess }> {
  const child = spawn(process.execPath, [program, join(folder, name), join(folder, name, "run")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: Said[] = [];
  let progress = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as Said; // printed by our own program
    said.push(event);
    if (event.kind === "progress") progress += 1;
    if (event.kind === "progress" && progress === 2) child.kill(signal);
  }
  return { said, child };
}

/** Waits for the end of whoever holds the run: a process that nobody reaps has ended, too. */
async function released(dir: string): Promise<void> {
  while (lockHolder(join(dir, "lock")) !== undefined) await pause(20);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`[S14.run] ${signal} finishes the tick, seals and closes; the run replays and can go on`, async () => {
    const { said } = await interrupted(signal, signal);
    const result = said.at(-1)?.result;
    assert.equal(result?.reason, "interrupted");
    const dir = join(folder, signal, "run");
    const { recovered } = readRunStore(dir);
    assert.equal(recovered.closed, true);
    assert.equal(recovered.tick + 1, result?.ticks);
    const report = await replayRun(dir, { isolation: "inline" });
    assert.equal(report.verified, true);
    assert.equal(report.chainHead, result?.chainHead);
  });
}

test("[G3] a world dies with its client, and its run is whole", async () => {
  const { said } = await interrupted("client", "SIGKILL");
  assert.equal(said.at(-1)?.kind, "progress");
  const pid = said.find(({ kind }) => kind === "opened")?.pid;
  assert.ok(pid !== undefined && pid > 0);
  await released(join(folder, "client", "run"));
  const report = await replayRun(join(folder, "client", "run"), { isolation: "inline" });
  assert.equal(report.verified, true);
});

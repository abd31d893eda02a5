/**
 * Program of the thread that benchmarks of paced worlds measure in: the orchestrator's own loop at the pace of the wall clock,
 * with the work of the loop added up per period of the clock. Everything that the loop does between two ticks counts to the
 * tick before: nothing of a snapshot can hide beside the ticks.
 */

import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { EngineError, assert } from "@wasm-engine/abi";
import type { RunResult } from "@wasm-engine/engine";
import { Machine } from "../../packages/engine/dist/threads/machine.js";
import { LocalThreadHost } from "../../packages/engine/dist/threads/thread-host.js";
import { openAnswerers } from "../../packages/engine/dist/world/open-answerers.js";
import { openRun } from "../../packages/engine/dist/world/open-run.js";
import { Session } from "../../packages/engine/dist/world/session.js";
import type { PacedSamples, PacedTask } from "./paced-world.js";

const port = parentPort;
assert(port !== null, "this program runs in a thread");
const { world, dir, untilTick, realtime, workers } = workerData as PacedTask; // set by paced-world.ts

const workMs = new Float64Array(untilTick + 2);
const commitMs = new Float64Array(untilTick + 2);
let snapshots = 0;
let executed = 0;
let sinceMs = performance.now();
const processorMs = new Float64Array(untilTick + 2);
let sinceProcessorMs = threadProcessorMs();
/** What the loop has done since the last call belongs to the tick that was committed last. */
function account(): void {
  const now = performance.now();
  workMs[executed] = (workMs[executed] ?? 0) + now - sinceMs;
  sinceMs = now;
  const processor = threadProcessorMs();
  processorMs[executed] = (processorMs[executed] ?? 0) + processor - sinceProcessorMs;
  sinceProcessorMs = processor;
}

/** Processor time of this thread alone; zero where the system does not tell: others on the machine show in the clock only. */
function threadProcessorMs(): number {
  if (process.platform !== "linux") return 0;
  return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ", 1)[0]) / 1e6;
}
const sessionOptions = { start: "paused", realtime } as const;
const host = new LocalThreadHost();
const bell = new SharedArrayBuffer(4);
const { origin, answerers, threadCount } = await openAnswerers(
  { kind: "world", origin: { kind: "new", world, dir }, session: sessionOptions },
  { host, bell },
  () => undefined,
);
const run = openRun(origin, {
  writer: "thread",
  ...answerers,
  machine: new Machine({ workers, host, reservedCores: threadCount }),
  pass: (point) => {
    if (point === "after-snapshot") snapshots += 1;
    if (point === "before-append") account();
    if (point !== "after-commit") return;
    // What a tick takes until its commit is its own, what follows too, until the next one begins.
    executed += 1;
    account();
    commitMs[executed] = performance.now();
  },
});
let result: RunResult | undefined;
const session = new Session(
  run,
  (event) => {
    if (event.kind === "answer" && event.id === 1) result = event.value as RunResult; // of a run
    if (event.kind === "refusal" && event.id === 1) throw EngineError.fromRecord(event.error);
  },
  sessionOptions,
);
const sleeper = new Int32Array(bell);
const startMs = performance.now();
session.handle({ id: 1, request: { method: "run", until: { rule: "never", ticks: untilTick } } });
while (result === undefined) {
  const heard = Atomics.load(sleeper, 0);
  const waitMs = session.pump();
  // The end of the run keeps a snapshot and waits for it: no tick comes after it.
  if (result !== undefined || waitMs <= 0) continue;
  account();
  Atomics.wait(sleeper, 0, heard, waitMs);
  sinceMs = performance.now();
}
const elapsedMs = performance.now() - startMs;
const threads = run.workers();
session.handle({ id: 2, request: { method: "stop", reason: "stopped" } });
while (!session.ended) session.pump();
const samples: PacedSamples = {
  workMs: workMs.slice(1, executed),
  processorMs: processorMs.slice(1, executed),
  commitMs: commitMs.slice(1, executed).map((ms) => ms - startMs),
  stateHashEvery: world.genesis.stateHashEvery,
  snapshots,
  workers: threads,
  elapsedMs,
  result,
};
port.postMessage(samples);

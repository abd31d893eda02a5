/**
 * Program of the thread that the tick benchmark measures in: the orchestrator's own loop (the same session, driver,
 * executor and log-writer thread), with a clock read where the driver passes the beginning and the end of a tick.
 * A world process has no such clock, and a measurement from outside would count the pipe.
 */

import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@wasm-engine/abi";
import { openRun } from "../../packages/engine/dist/world/open-run.js";
import { Session } from "../../packages/engine/dist/world/session.js";
import type { TickSamples, TickTask } from "./tick-world.js";

const port = parentPort;
assert(port !== null, "this program runs in a thread");
const { world, dir, untilTick, samplesMax } = workerData as TickTask; // set by tick-world.ts

const samples = new Float64Array(samplesMax);
let begunMs = 0;
let count = 0;
const run = openRun(
  { kind: "new", world, dir },
  {
    writer: "thread",
    pass: (point) => {
      if (point === "before-append") begunMs = performance.now();
      else if (point === "after-commit") samples[count++] = performance.now() - begunMs;
    },
  },
);
let isOver = false;
const session = new Session(
  run,
  (event) => {
    if (event.kind === "answer" && event.id === 1) isOver = true;
  },
  { start: "paused", realtime: false },
);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const startMs = performance.now();
session.handle({
  id: 1,
  request: { method: "run", until: { rule: "never", ticks: untilTick } },
});
while (!isOver) {
  const waitMs = session.pump();
  if (waitMs > 0 && !isOver) Atomics.wait(sleeper, 0, 0, waitMs);
}
const elapsedMs = performance.now() - startMs;
session.handle({ id: 2, request: { method: "stop", reason: "stopped" } });
while (!session.ended) session.pump();
const result: TickSamples = { micros: samples.slice(0, count).map((ms) => ms * 1000), elapsedMs };
port.postMessage(result);

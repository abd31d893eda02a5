/**
 * Program of a thread that computes for a fixed while in every period of the clock and notes how long that took: what a
 * machine does to a program beside which nothing runs. Allocates nothing while it measures.
 */

import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@wasm-engine/abi";
import type { PaceControlTask } from "./machine-pace.js";

const port = parentPort;
assert(port !== null, "this program runs in a thread");
const { periodMs, workMs, periods } = workerData as PaceControlTask; // set by machine-pace.ts

const calibrationRounds = 41;
const roundSteps = 200_000;

/** A chain of multiplications: nothing of it can be left out or done at the same time. */
function compute(steps: number): number {
  let state = 1;
  for (let step = 0; step < steps; step += 1) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}

let kept = 0;
const rounds = Array.from({ length: calibrationRounds }, () => {
  const startMs = performance.now();
  kept ^= compute(roundSteps);
  return performance.now() - startMs;
});
const steps = Math.round((roundSteps * workMs) / Math.min(...rounds));
const tookMs = new Float64Array(periods);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const firstMs = performance.now() + periodMs;
for (let period = 0; period < periods; period += 1) {
  const dueMs = firstMs + period * periodMs;
  for (let now = performance.now(); now < dueMs; now = performance.now())
    Atomics.wait(sleeper, 0, 0, dueMs - now);
  const startMs = performance.now();
  kept ^= compute(steps);
  tookMs[period] = performance.now() - startMs;
}
port.postMessage({ tookMs, kept });

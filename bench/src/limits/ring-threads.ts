/** Starts the two workers of a threaded form, waits until both are there, and takes their results. */

import { Worker } from "node:worker_threads";
import { stationOf } from "../ring.js";

export const threadCount = 2;

/** Which worker a station lives on. */
export function homeOf(station: number): number {
  return station % threadCount;
}

/** What a worker of any form is given. */
export interface ThreadTask {
  readonly form: "mail" | "batch" | "shared";
  readonly thread: number;
  readonly stations: number;
  readonly hops: number;
  /** `shared`: the memory of both workers. */
  readonly memory?: SharedArrayBuffer;
}

/** What a worker says at its end: its stations' columns, others zero. */
export interface ThreadResult {
  readonly kind: "result";
  readonly counts: Uint32Array;
  readonly checksums: Uint32Array;
}

export function startThread(task: ThreadTask): Worker {
  return new Worker(new URL("./ring-thread.js", import.meta.url), { workerData: task });
}

/** Receiver's thread of a message on its way. */
export function threadOf(path: number, stations: number): number {
  return homeOf(stationOf(path, stations));
}

/** Columns of both workers as one. */
export function merge(results: readonly ThreadResult[], stations: number): ThreadResult {
  const counts = new Uint32Array(stations);
  const checksums = new Uint32Array(stations);
  for (const result of results) {
    for (let station = 0; station < stations; station += 1) {
      counts[station] = (counts[station] ?? 0) + (result.counts[station] ?? 0);
      checksums[station] = (checksums[station] ?? 0) + (result.checksums[station] ?? 0);
    }
  }
  return { kind: "result", counts, checksums };
}

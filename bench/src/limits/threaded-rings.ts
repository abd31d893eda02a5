/**
 * The ring on two workers with what Node offers: one postMessage per message through the main thread, one transferred
 * buffer per worker and tick, shared memory with atomics per tick. No isolation, no order, no digest, no log.
 */

import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { MessageChannel } from "node:worker_threads";
import { messageWords, writeFirst } from "../ring.js";
import { merge, startThread, threadCount, threadOf } from "./ring-threads.js";
import type { ThreadResult, ThreadTask } from "./ring-threads.js";
import { sharedMemoryBytes } from "./shared-ring.js";
import type { RingForm } from "./timed-ring.js";

type Form = ThreadTask["form"];

/** One hop is two postMessages: worker to main thread, main thread to the receiver's worker. */
export const postMessageRing: RingForm = async (stations, hops) => {
  const workers = await startAll("mail", { stations, hops });
  let left = stations;
  const finished = new Promise<void>((resolve) => {
    for (const worker of workers) {
      worker.on("message", (words: Uint32Array | ThreadResult) => {
        if (!(words instanceof Uint32Array)) return;
        if ((words[1] ?? 0) < hops) workers[threadOf(words[0] ?? 0, stations)]?.postMessage(words);
        else if (--left === 0) resolve();
      });
    }
  });
  const startMs = performance.now();
  for (let number = 0; number < stations; number += 1) {
    const words = new Uint32Array(messageWords);
    writeFirst(words, 0, number);
    workers[threadOf(words[0] ?? 0, stations)]?.postMessage(words);
  }
  await finished;
  const elapsedMs = performance.now() - startMs;
  return { elapsedMs, ...(await results(workers, stations)) };
};

/** All messages of a tick that change threads travel as one buffer. */
export const batchRing: RingForm = async (stations, hops) => {
  const workers = await startAll("batch", { stations, hops });
  const { port1, port2 } = new MessageChannel();
  const startMs = performance.now();
  workers[0]?.postMessage(port1, [port1]);
  workers[1]?.postMessage(port2, [port2]);
  const done = await resultsOf(workers);
  const elapsedMs = performance.now() - startMs;
  await endAll(workers);
  return { elapsedMs, ...merge(done, stations) };
};

/** The same, in memory that both threads see: nothing is posted at all. */
export const sharedRing: RingForm = async (stations, hops) => {
  const memory = new SharedArrayBuffer(sharedMemoryBytes(stations));
  const workers = await startAll("shared", { stations, hops, memory });
  const startMs = performance.now();
  for (const worker of workers) worker.postMessage("go");
  const done = await resultsOf(workers);
  const elapsedMs = performance.now() - startMs;
  await endAll(workers);
  return { elapsedMs, ...merge(done, stations) };
};

async function startAll(form: Form, task: Omit<ThreadTask, "form" | "thread">): Promise<Worker[]> {
  const workers = Array.from({ length: threadCount }, (_, thread) => startThread({ form, thread, ...task }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  return workers;
}

/** Asks for the columns of every worker and ends them. */
async function results(workers: readonly Worker[], stations: number): Promise<ThreadResult> {
  const answers = resultsOf(workers);
  for (const worker of workers) worker.postMessage("report");
  const merged = merge(await answers, stations);
  await endAll(workers);
  return merged;
}

function resultsOf(workers: readonly Worker[]): Promise<ThreadResult[]> {
  return Promise.all(
    workers.map(async (worker) => {
      const [result] = (await once(worker, "message")) as [ThreadResult]; // ring-thread.ts says nothing else then
      return result;
    }),
  );
}

async function endAll(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker.terminate()));
}

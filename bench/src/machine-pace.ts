/**
 * What the machine itself does to a program that keeps time: threads that only compute, so many milliseconds in every
 * period of the clock. The longest of them is what no program can be asked to stay under.
 */

import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** What a thread is given. */
export interface PaceControlTask {
  readonly periodMs: number;
  /** Computing in each period, of a core that nobody else uses. */
  readonly workMs: number;
  readonly periods: number;
}

/** Computing of {@link PaceControlTask.workMs} in every period, on every thread. */
export interface MachinePace {
  readonly threads: number;
  readonly periods: number;
  readonly workMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Threads compute at the same time; nothing else of the benchmark runs meanwhile. */
export async function measureMachinePace(threads: number, task: PaceControlTask): Promise<MachinePace> {
  const workers = Array.from({ length: threads }, () => {
    return new Worker(new URL("./pace-control-thread.js", import.meta.url), { workerData: task });
  });
  const answers = await Promise.all(
    workers.map(async (worker) => (await once(worker, "message")) as [{ tookMs: Float64Array }]), // the program's
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  const all = answers.flatMap(([{ tookMs }]) => [...tookMs]).sort((left, right) => left - right);
  const at = (share: number): number => Number((all[Math.floor((all.length - 1) * share)] ?? 0).toFixed(3));
  return {
    threads,
    periods: task.periods,
    workMs: task.workMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}

/**
 * Replays a run on several cores: its snapshots cut it into parts, which threads take one after the other. Where every
 * part agrees with the log, and the world at the end of each is the one that the next began with, all turns have been
 * executed and the whole has been reproduced. Anything else is no verdict: then the run is replayed in one piece.
 */

import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { EngineError } from "@wasm-engine/abi";
import type { StartedThread, ThreadHost } from "../threads/thread-host.js";
import { coreCount } from "../threads/worker-count.js";
import { executorStackMb, orchestratorHeapMb } from "../world/limits.js";
import {
  partAgentsMax,
  partLogBytesMin,
  partProgressMs,
  partWorkersAutoMax,
  partsPerWorker,
} from "./limits.js";
import { PartBoard } from "./part-board.js";
import { lastTick } from "./play.js";
import type { ReplayJob, ReplayPart, ReplayProgress, ReplayReport } from "./replay-contract.js";
import { stretchesOf } from "./replay-stretches.js";
import { takeParts } from "./take-parts.js";
import type { PartFound, PartTask, PartThreadData, PartWork } from "./take-parts.js";
import { openRecordedRun } from "./track.js";
import type { RecordedRun } from "./track.js";

const program = new URL("./part-thread.js", import.meta.url).href;

export interface PartSurroundings {
  readonly host: ThreadHost;
  readonly onProgress: (progress: ReplayProgress) => void;
}

/** Undefined where there is nothing to gain, or the parts give no verdict. */
export function replayInParts(job: ReplayJob, surroundings: PartSurroundings): ReplayReport | undefined {
  const { workers = "auto", testing, verifyInference } = job;
  const most = workers === "auto" ? Math.min(coreCount(), partWorkersAutoMax) : workers;
  if (most < 2 || testing?.flip !== undefined || verifyInference === true) return undefined;
  try {
    const run = openRecordedRun(job.dir, "parts");
    const plan = planOf(run, job, most);
    return plan === undefined ? undefined : executed(run, plan, surroundings);
  } catch (error) {
    // What is wrong with the run is found again, and said, when it is executed in one piece.
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return undefined;
  }
}

/** Tasks in the order in which they are taken: the longest first. */
interface PartPlan {
  readonly tasks: readonly PartTask[];
  readonly workers: number;
}

/** Undefined where it is asked for one piece, or where the run is too small or too large. */
function planOf(run: RecordedRun, { from, to, testing }: ReplayJob, most: number): PartPlan | undefined {
  const { log, genesis } = run;
  const last = lastTick(run, to);
  const heads = log.heads();
  const bytes = heads.at(-1)?.position ?? 0;
  // Every thread holds all agents.
  const fitting = Math.floor(partAgentsMax / Math.max(1, genesis.agents.length));
  const workers = Math.min(most, fitting);
  if (bytes < (testing?.partLogBytesMin ?? partLogBytesMin) || workers < 2) return undefined;
  const snapshots = run.snapshotTicks().filter((tick) => tick > (log.base?.tick ?? -1));
  const stretches = stretchesOf({ from, to: last, snapshots, heads }, workers * partsPerWorker);
  if (stretches.length < 2) return undefined;
  const tasks: PartTask[] = [...stretches].sort((left, right) => right.work - left.work);
  // Who executes every tick reads all of the log; otherwise somebody must.
  if (from !== undefined || last < log.tick) tasks.unshift("log");
  return { tasks, workers: Math.min(workers, tasks.length) };
}

/** A thread beside this one. */
interface PartThread {
  readonly started: StartedThread;
  readonly port: MessagePort;
}

function executed(
  run: RecordedRun,
  { tasks, workers }: PartPlan,
  { host, onProgress }: PartSurroundings,
): ReplayReport | undefined {
  const startedMs = performance.now();
  const board = new PartBoard(workers);
  const work = { dir: run.dir, tasks, board };
  const threads = Array.from({ length: workers - 1 }, (_, index) =>
    begin(host, { ...work, thread: index + 1 }),
  );
  const found: PartFound[] = [];
  try {
    takeParts(run, { ...work, thread: 0, onProgress: () => onProgress(board.progress) }, (part) => {
      found.push(part);
    });
    while (found.length < tasks.length && !board.isStopped) {
      const { heard } = board;
      const isOver = threads.every((_, index) => board.hasEnded(index + 1));
      for (const { port } of threads) found.push(...received(port));
      if (isOver) break;
      onProgress(board.progress);
      if (found.length < tasks.length) board.rest(heard, partProgressMs);
    }
  } finally {
    board.stop();
    for (const { started, port } of threads) {
      started.kill();
      port.close();
    }
  }
  if (found.length < tasks.length) return undefined;
  const parts = found.flatMap(({ part }) => part ?? []);
  return joinedParts(parts, { workers, wallMs: Math.round(performance.now() - startedMs) });
}

function begin(host: ThreadHost, { board, ...work }: PartWork & { readonly board: PartBoard }): PartThread {
  const { port1, port2 } = new MessageChannel();
  const data: PartThreadData = { ...work, shared: board.shared, port: port2 };
  const started = host.start({
    program,
    data,
    resourceLimits: { stackSizeMb: executorStackMb, maxOldGenerationSizeMb: orchestratorHeapMb },
    end: board.endOf(work.thread),
  });
  return { started, port: port1 };
}

function received(port: MessagePort): readonly PartFound[] {
  const found: PartFound[] = [];
  for (;;) {
    const next = receiveMessageOnPort(port) as { message: PartFound } | undefined; // sent by part-thread.ts
    if (next === undefined) return found;
    found.push(next.message);
  }
}

/** One report where every part is verified and goes on where the one before ended. Parts may come in any order. */
export function joinedParts(
  found: readonly ReplayPart[],
  { workers, wallMs }: Pick<ReplayReport, "workers" | "wallMs">,
): ReplayReport | undefined {
  const parts = [...found].sort((left, right) => left.end.tick - right.end.tick);
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const fits = parts.every(({ report, begin: start }, index) => {
    const before = parts[index - 1]?.end;
    const isNext =
      before === undefined ||
      (start?.tick === before.tick &&
        start.chainHead === before.chainHead &&
        start.stateHash === before.stateHash);
    return report.verified && isNext;
  });
  if (!fits) return undefined;
  const sum = (of: (report: ReplayReport) => number): number =>
    parts.reduce((total, { report }) => total + of(report), 0);
  return {
    ...last.report,
    from: first.report.from,
    ticksExecuted: sum(({ ticksExecuted }) => ticksExecuted),
    turnsExecuted: sum(({ turnsExecuted }) => turnsExecuted),
    fuel: sum(({ fuel }) => fuel),
    wallMs,
    workers,
  };
}

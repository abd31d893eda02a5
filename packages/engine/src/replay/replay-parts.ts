/**
 * Replays a run on several cores: its snapshots cut it into parts, which threads take one after the other. Where every
 * part agrees with the log, and the world at the end of each is the one that the next began with, all turns have been
 * executed and the whole has been reproduced. Anything else is no verdict: then the run is replayed in one piece.
 */

import { join } from "node:path";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { EngineError } from "@wasm-engine/abi";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder, nodeFileSystem } from "../storage/index.js";
import type { StartedThread, ThreadHost } from "../threads/thread-host.js";
import { coreCount } from "../threads/worker-count.js";
import { executorStackMb, orchestratorHeapMb } from "../world/limits.js";
import {
  partAgentsMax,
  partLogBytesMin,
  partProgressMs,
  partRestoringShare,
  partWorkersAutoMax,
} from "./limits.js";
import { PartBoard } from "./part-board.js";
import { lastTick } from "./play.js";
import type { ReplayJob, ReplayPart, ReplayProgress, ReplayReport } from "./replay-contract.js";
import { evenStretchesOf } from "./replay-stretches.js";
import { takeParts } from "./take-parts.js";
import type { PartFound, PartTask, PartThreadData } from "./take-parts.js";
import { openRecordedRun } from "./track.js";
import type { RecordedRun } from "./track.js";

const program = new URL("./part-thread.js", import.meta.url).href;

export interface PartSurroundings {
  readonly host: ThreadHost;
  readonly onProgress: (progress: ReplayProgress) => void;
}

/** Undefined where there is nothing to gain, or the parts give no verdict. */
export function replayInParts(job: ReplayJob, surroundings: PartSurroundings): ReplayReport | undefined {
  const workers = workersFor(job);
  if (workers < 2) return undefined;
  const crew = new PartCrew(job.dir, workers, surroundings.host);
  try {
    // The others load their parts of the program meanwhile.
    const run = openRecordedRun(job.dir, "parts");
    const plan = planOf(run, job, workers);
    return plan === undefined
      ? undefined
      : executed(run, plan, { crew, onProgress: surroundings.onProgress });
  } catch (error) {
    // What is wrong with the run is found again, and said, when it is executed in one piece.
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return undefined;
  } finally {
    crew.end();
  }
}

/** Threads that may be worth their start, from what can be known without reading the run. */
function workersFor({ dir, workers = "auto", testing, verifyInference }: ReplayJob): number {
  const most = workers === "auto" ? Math.min(coreCount(), partWorkersAutoMax) : workers;
  if (most < 2 || testing?.flip !== undefined || verifyInference === true) return 1;
  const { log, snapshots } = RunFolder.open(dir, nodeHasher);
  const segments = nodeFileSystem.list(log.logFolder) ?? [];
  const bytes = segments.reduce(
    (sum, name) => sum + (nodeFileSystem.length(join(log.logFolder, name)) ?? 0),
    0,
  );
  const isLong = bytes >= (testing?.partLogBytesMin ?? partLogBytesMin);
  return isLong ? Math.min(most, snapshots.ticks().length) : 1;
}

/** Tasks in the order in which they are taken: the longest first. */
interface PartPlan {
  readonly tasks: readonly PartTask[];
  readonly workers: number;
}

/** Undefined where there is one piece, or the run is too large. */
function planOf(run: RecordedRun, { from, to }: ReplayJob, most: number): PartPlan | undefined {
  const { log, genesis } = run;
  const last = lastTick(run, to);
  // Every thread holds all agents.
  const workers = Math.min(most, Math.floor(partAgentsMax / Math.max(1, genesis.agents.length)));
  if (workers < 2) return undefined;
  const snapshots = run.snapshotTicks().filter((tick) => tick > (log.base?.tick ?? -1));
  const toCut = { from, to: last, snapshots, heads: log.heads() };
  const stretches = evenStretchesOf(toCut, workers, partRestoringShare);
  if (stretches.length < 2) return undefined;
  const tasks: PartTask[] = [...stretches].sort((left, right) => right.work - left.work);
  // Who executes every tick reads all of the log; otherwise somebody must.
  if (from !== undefined || last < log.tick) tasks.unshift("log");
  return { tasks, workers: Math.min(workers, tasks.length) };
}

function executed(
  run: RecordedRun,
  { tasks, workers }: PartPlan,
  { crew, onProgress }: Pick<PartSurroundings, "onProgress"> & { readonly crew: PartCrew },
): ReplayReport | undefined {
  const startedMs = performance.now();
  const { board } = crew;
  const found: PartFound[] = [];
  crew.give(tasks, workers);
  const taking = { tasks, thread: 0, board, onProgress: () => onProgress(board.progress) };
  takeParts(run, taking, (part) => found.push(part));
  while (found.length < tasks.length && !board.isStopped) {
    const { heard } = board;
    const isOver = crew.isOver;
    found.push(...crew.receive());
    if (isOver) break;
    onProgress(board.progress);
    if (found.length < tasks.length) board.rest(heard, partProgressMs);
  }
  if (found.length < tasks.length) return undefined;
  const parts = found.flatMap(({ part }) => part ?? []);
  return joinedParts(parts, { workers, wallMs: Math.round(performance.now() - startedMs) });
}

/** A thread beside this one. */
interface PartThread {
  readonly number: number;
  readonly started: StartedThread;
  readonly port: MessagePort;
}

/** The threads beside this one: they are started, are told what there is to do, and end. */
class PartCrew {
  readonly board: PartBoard;
  readonly #threads: readonly PartThread[];

  constructor(dir: string, workers: number, host: ThreadHost) {
    this.board = new PartBoard(workers);
    const numbers = Array.from({ length: workers - 1 }, (_, index) => index + 1);
    this.#threads = numbers.map((number) => {
      const { port1, port2 } = new MessageChannel();
      const data: PartThreadData = { dir, thread: number, shared: this.board.shared, port: port2 };
      const started = host.start({
        program,
        data,
        resourceLimits: { stackSizeMb: executorStackMb, maxOldGenerationSizeMb: orchestratorHeapMb },
        end: this.board.endOf(number),
      });
      return { number, started, port: port1 };
    });
  }

  /** Tells as many as are needed what there is to do; the others do nothing. */
  give(tasks: readonly PartTask[], workers: number): void {
    for (const { number, port } of this.#threads) port.postMessage(number < workers ? tasks : []);
    this.board.announce();
  }

  /** Nobody is left. */
  get isOver(): boolean {
    return this.#threads.every(({ number }) => this.board.hasEnded(number));
  }

  /** What they have found since they were asked last. */
  receive(): readonly PartFound[] {
    return this.#threads.flatMap(({ port }) => received(port));
  }

  end(): void {
    this.board.stop();
    for (const { started, port } of this.#threads) {
      started.kill();
      port.close();
    }
  }
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

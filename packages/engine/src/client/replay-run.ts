/** Replay, inspection and console lines of recorded runs: each in a world process of its own, or inline in tests. */

import type { DeadLetterReport, WorldReport } from "../world/control.js";
import type { Job } from "../world/job.js";
import type {
  ConsoleLine,
  DeadLettersJob,
  InspectJob,
  LogsJob,
  ReplayJob,
  ReplayOptions,
  ReplayProgress,
  ReplayReport,
} from "../replay/replay-contract.js";
import type { FutureOutcome } from "../fork/contract.js";
import type { AgentHistory, HistoryJob } from "../replay/history-contract.js";
import type { StoryJob, StoryReport } from "../replay/story-contract.js";
import { runInProcess } from "./process-transport.js";
import { parseWorkers } from "../threads/worker-count.js";
import { withRun } from "./run-place.js";

/** A job whose folder is known only once a bundle is unpacked. */
type Unplaced<J> = Omit<J, "dir">;

/** Where a job is done. */
export interface JobOptions {
  readonly isolation?: "process" | "inline";
  readonly signal?: AbortSignal;
  /** Told now and then how far replay has come. */
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Where prefixes and `@last` are looked up; default: the working directory. */
  readonly baseDirectory?: string;
  readonly v8Flags?: readonly string[];
  /** Executable of another Node version. */
  readonly execPath?: string;
}

/**
 * Executes every turn of a run again and compares it with the log. A difference is a report, not an error.
 * @throws {WE_RUN_UNKNOWN} @throws {WE_MODULE_DIGEST_MISMATCH} @throws {WE_EXECUTOR_WORKERS}
 * and what reading a damaged log throws
 */
export async function replayRun(
  run: string,
  options: ReplayOptions & JobOptions = {},
): Promise<ReplayReport> {
  const { from, to, verifyInference, testing, workers } = options;
  const job: Unplaced<ReplayJob> = {
    kind: "replay",
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(verifyInference === undefined ? {} : { verifyInference }),
    ...(workers === undefined ? {} : { workers: parseWorkers(workers) }),
    ...(testing === undefined ? {} : { testing }),
  };
  return withRun(run, options.baseDirectory, async ({ dir, name }) => {
    const report = (await executeJob({ ...job, dir }, options)) as ReplayReport; // value of the job `replay`
    return { ...report, dir: name };
  });
}

/** The world or one agent at a tick; default: the last one. */
export async function inspectRun(
  run: string,
  options: { readonly at?: number; readonly agent?: string } & JobOptions = {},
): Promise<WorldReport> {
  const { at, agent } = options;
  const job: Unplaced<InspectJob> = {
    kind: "inspect",
    ...(at === undefined ? {} : { at }),
    ...(agent === undefined ? {} : { agent }),
  };
  const report = await withRun(run, options.baseDirectory, ({ dir }) => executeJob({ ...job, dir }, options));
  return report as WorldReport; // value of the job `inspect`
}

/** What agents wrote to their consoles. */
export async function logsOfRun(
  run: string,
  options: { readonly agent?: string; readonly from?: number; readonly to?: number } & JobOptions = {},
): Promise<readonly ConsoleLine[]> {
  const { agent, from, to } = options;
  const job: Unplaced<LogsJob> = {
    kind: "logs",
    ...(agent === undefined ? {} : { agent }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const lines = await withRun(run, options.baseDirectory, ({ dir }) => executeJob({ ...job, dir }, options));
  return lines as readonly ConsoleLine[]; // value of the job `logs`
}

/** What reached nobody in a recorded run, and why. */
export async function deadLettersOfRun(
  run: string,
  options: { readonly agent?: string; readonly from?: number; readonly to?: number } & JobOptions = {},
): Promise<readonly DeadLetterReport[]> {
  const { agent, from, to } = options;
  const job: Unplaced<DeadLettersJob> = {
    kind: "dead-letters",
    ...(agent === undefined ? {} : { agent }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const letters = await withRun(run, options.baseDirectory, ({ dir }) =>
    executeJob({ ...job, dir }, options),
  );
  return letters as readonly DeadLetterReport[]; // value of the job `dead-letters`
}

/** What one agent has lived through up to a tick. @throws {WE_AGENT_UNKNOWN} {WE_RUN_TICK} {WE_HISTORY_TOO_MANY} */
export async function historyOfAgent(
  run: string,
  options: { readonly agent: string; readonly tick: number } & JobOptions,
): Promise<AgentHistory> {
  const { agent, tick } = options;
  const job: Unplaced<HistoryJob> = { kind: "history", agent, tick };
  const history = await withRun(run, options.baseDirectory, ({ dir }) =>
    executeJob({ ...job, dir }, options),
  );
  return history as AgentHistory; // value of the job `history`
}

/** Replays a run and tells what happened in it. A divergence is a report, not an error. */
export async function storyOfRun(run: string, options: JobOptions = {}): Promise<StoryReport> {
  const job: Unplaced<StoryJob> = { kind: "story" };
  return withRun(run, options.baseDirectory, async ({ dir, name }) => {
    const report = (await executeJob({ ...job, dir }, options)) as StoryReport; // value of the job `story`
    return { ...report, replay: { ...report.replay, dir: name } };
  });
}

/** Does a job that ends with one value, where the options say. */
export async function executeJob(
  job: Exclude<Job, { kind: "world" }>,
  options: JobOptions & { readonly onFuture?: (outcome: FutureOutcome) => void },
): Promise<unknown> {
  const { onProgress, onFuture, signal, v8Flags, execPath } = options;
  if (options.isolation === "inline") {
    const { runJob } = await import("../replay/run-job.js");
    return runJob(job, {
      onProgress: (progress) => onProgress?.(progress),
      ...(onFuture === undefined ? {} : { onFuture }),
    });
  }
  return runInProcess(job, {
    stdin: false,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onFuture === undefined ? {} : { onFuture }),
    ...(v8Flags === undefined ? {} : { v8Flags }),
    ...(execPath === undefined ? {} : { execPath }),
  });
}

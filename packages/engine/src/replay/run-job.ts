/** Jobs that end with one value, executed in a world process (or inline in tests). */

import { unreachable } from "@wasm-engine/abi";
import type { DiffJob } from "../diff/diff-contract.js";
import type { ForkJob, ForkReport, ForksJob, FutureOutcome, FuturesJob } from "../fork/contract.js";
import type { FutureSurroundings } from "../fork/run-futures.js";
import type { BisectJob, CheckJob } from "../invariants/contract.js";
import type { ProfileJob } from "../profile/profile-contract.js";
import { singleThread } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import type { ThreadHost } from "../threads/thread-host.js";
import type { UpgradeCheckJob } from "../upgrade-check/contract.js";
import type { LogChecking } from "../world/run-store.js";
import type { HistoryJob } from "./history-contract.js";
import { inspect } from "./inspect.js";
import { consoleLines } from "./logs.js";
import type {
  DeadLettersJob,
  InspectJob,
  LogsJob,
  ReplayJob,
  ReplayProgress,
  ReplayReport,
} from "./replay-contract.js";
import { replay } from "./replay.js";
import type { StoryJob } from "./story-contract.js";
import { openRecordedRun } from "./track.js";
import type { RecordedRun } from "./track.js";

export interface JobSurroundings {
  readonly onProgress: (progress: ReplayProgress) => void;
  /** What executes agents where there is much to execute: in a replay. Default: this thread alone. */
  readonly machine?: Machine;
  /** Starts threads where a job is done in parts. */
  readonly host?: ThreadHost;
  /** Told of every future that a job executes, as it ends. */
  readonly onFuture?: (outcome: FutureOutcome) => void;
  /** Where futures are executed; default: in this thread alone. */
  readonly futures?: FutureSurroundings;
}

export async function runJob(
  job:
    | ReplayJob
    | InspectJob
    | LogsJob
    | DeadLettersJob
    | StoryJob
    | HistoryJob
    | ProfileJob
    | ForkJob
    | ForksJob
    | FuturesJob
    | DiffJob
    | CheckJob
    | BisectJob
    | UpgradeCheckJob,
  surroundings: JobSurroundings,
): Promise<unknown> {
  if (job.kind === "fork" || job.kind === "forks" || job.kind === "futures") return forked(job, surroundings);
  if (job.kind === "diff") {
    const { diffRuns } = await import("../diff/diff-runs.js");
    return diffRuns(job);
  }
  if (job.kind === "replay") {
    const report = await inParts(job, surroundings);
    if (report !== undefined) return report;
  }
  const run = openRecordedRun(job.dir, checkingOf(job));
  switch (job.kind) {
    case "replay":
      return await replayed(run, job, surroundings);
    case "inspect":
      return inspect(run, job);
    case "logs":
      return consoleLines(run, job);
    case "dead-letters": {
      const { deadLetters } = await import("./dead-letters.js");
      return deadLetters(run, job);
    }
    case "history": {
      const { agentHistory } = await import("./history.js");
      return agentHistory(run, job);
    }
    case "profile": {
      const { profileRun } = await import("../profile/profile-run.js");
      return profileRun(run, job, surroundings.onProgress);
    }
    case "check": {
      const { checkRun } = await import("../invariants/check-run.js");
      return checkRun(run, job, surroundings.onProgress);
    }
    case "bisect": {
      const { bisectRun } = await import("../invariants/bisect-run.js");
      return bisectRun(run, job, (tick) => surroundings.onProgress({ tick, turnsExecuted: 0 }));
    }
    case "upgrade-check": {
      const { checkUpgrade } = await import("../upgrade-check/check-upgrade.js");
      return checkUpgrade(run, job, surroundings.onProgress);
    }
    case "story": {
      const { tellStory } = await import("./story.js");
      const { onProgress, machine = singleThread } = surroundings;
      return tellStory(run, { onProgress, machine });
    }
    default:
      return unreachable(job);
  }
}

/** Jobs that make runs. */
async function forked(
  job: ForkJob | ForksJob | FuturesJob,
  surroundings: JobSurroundings,
): Promise<ForkReport | readonly ForkReport[] | readonly FutureOutcome[]> {
  if (job.kind === "fork") {
    const { makeFork } = await import("../fork/make-fork.js");
    return makeFork(job, surroundings.machine);
  }
  if (job.kind === "forks") {
    const { makeForks } = await import("../fork/make-forks.js");
    return makeForks(job, surroundings.machine);
  }
  const { runFutures } = await import("../fork/run-futures.js");
  return runFutures(job, surroundings);
}

/** Who executes every tick, or writes down what it read, wants a log that is whole before it begins. */
function checkingOf({ kind }: { readonly kind: string }): LogChecking {
  return kind === "inspect" || kind === "logs" || kind === "dead-letters" || kind === "bisect"
    ? "parts"
    : "whole";
}

/** Undefined where no threads can be started, or parts give no verdict. */
async function inParts(
  job: ReplayJob,
  { host, onProgress }: JobSurroundings,
): Promise<ReplayReport | undefined> {
  if (host === undefined) return undefined;
  const { replayInParts } = await import("./replay-parts.js");
  return replayInParts(job, { host, onProgress });
}

/** Models are asked again only where the replay itself agrees with the log. */
async function replayed(
  run: RecordedRun,
  job: ReplayJob,
  { onProgress, machine = singleThread }: JobSurroundings,
): Promise<ReplayReport> {
  const report = replay(run, job, { onProgress, machine });
  if (job.verifyInference !== true || !report.verified) return report;
  const { verifyInference } = await import("./verify-inference.js");
  const inference = await verifyInference(run, job.testing?.inferenceService);
  return { ...report, inference };
}

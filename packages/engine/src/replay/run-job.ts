/** Jobs that end with one value, executed in a world process (or inline in tests). */

import { unreachable } from "@wasm-engine/abi";
import { singleThread } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import { inspect } from "./inspect.js";
import { consoleLines } from "./logs.js";
import type { InspectJob, LogsJob, ReplayJob, ReplayProgress } from "./replay-contract.js";
import { replay } from "./replay.js";
import { openRecordedRun } from "./track.js";

export interface JobSurroundings {
  readonly onProgress: (progress: ReplayProgress) => void;
  /** What executes agents where there is much to execute: in a replay. Default: this thread alone. */
  readonly machine?: Machine;
}

export function runJob(
  job: ReplayJob | InspectJob | LogsJob,
  { onProgress, machine = singleThread }: JobSurroundings,
): unknown {
  const run = openRecordedRun(job.dir);
  switch (job.kind) {
    case "replay":
      return replay(run, job, { onProgress, machine });
    case "inspect":
      return inspect(run, job);
    case "logs":
      return consoleLines(run, job);
    default:
      return unreachable(job);
  }
}

/** Jobs that end with one value, executed in a world process (or inline in tests). */

import { unreachable } from "@wasm-engine/abi";
import { inspect } from "./inspect.js";
import { consoleLines } from "./logs.js";
import type { InspectJob, LogsJob, ReplayJob, ReplayProgress } from "./replay-contract.js";
import { replay } from "./replay.js";
import { openRecordedRun } from "./track.js";

export function runJob(
  job: ReplayJob | InspectJob | LogsJob,
  onProgress: (progress: ReplayProgress) => void,
): unknown {
  const run = openRecordedRun(job.dir);
  switch (job.kind) {
    case "replay":
      return replay(run, job, onProgress);
    case "inspect":
      return inspect(run, job);
    case "logs":
      return consoleLines(run, job);
    default:
      return unreachable(job);
  }
}

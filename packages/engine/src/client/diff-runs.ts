/** Comparison of two recorded runs, in a world process: both are executed up to the first difference. */

import type { DiffJob, DiffReport } from "../diff/diff-contract.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";
import { withRun } from "./run-place.js";

/**
 * Compares the chains of two runs and, where they differ, names the first tick, the first agent and what of it differs.
 * A difference is a report, not an error. The parts of a run that never enter its chain do not count.
 * @throws {WE_RUN_UNKNOWN} and what reading a damaged run throws
 */
export async function diffRuns(
  left: string,
  right: string,
  options: JobOptions & { readonly testing?: DiffJob["testing"] } = {},
): Promise<DiffReport> {
  const { baseDirectory, testing } = options;
  return withRun(left, baseDirectory, (ours) =>
    withRun(right, baseDirectory, async (theirs) => {
      const job: DiffJob = {
        kind: "diff",
        dir: ours.dir,
        other: theirs.dir,
        ...(testing === undefined ? {} : { testing }),
      };
      const report = (await executeJob(job, options)) as DiffReport; // value of the job `diff`
      return {
        ...report,
        left: { ...report.left, dir: ours.name },
        right: { ...report.right, dir: theirs.name },
      };
    }),
  );
}

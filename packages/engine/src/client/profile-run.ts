/** Fuel profiles of recorded runs: each in a world process of its own, or inline in tests. */

import type { ProfileJob, ProfileOptions, ProfileReport } from "../profile/profile-contract.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";
import { withRun } from "./run-place.js";

/**
 * Executes a run again and tells which code its fuel went to.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_TICK} {WE_AGENT_UNKNOWN} {WE_PROFILE_MODULE}; {WE_RUN_DIVERGED} where what was
 * executed is not what the log holds
 */
export async function profileOfRun(
  run: string,
  options: ProfileOptions & JobOptions = {},
): Promise<ProfileReport> {
  const { agent, module, from, to, blocks } = options;
  const job: Omit<ProfileJob, "dir"> = {
    kind: "profile",
    ...(agent === undefined ? {} : { agent }),
    ...(module === undefined ? {} : { module }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(blocks === undefined ? {} : { blocks }),
  };
  return withRun(run, options.baseDirectory, async ({ dir, name }) => {
    const report = (await executeJob({ ...job, dir }, options)) as ProfileReport; // value of the job `profile`
    return { ...report, dir: name };
  });
}

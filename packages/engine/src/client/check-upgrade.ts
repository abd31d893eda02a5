/** New code of modules against the history of a run: builds the code, then executes both in a world process. */

import { resolve } from "node:path";
import type { UpgradeCheckJob, UpgradeCheckReport } from "../upgrade-check/contract.js";
import { readSetup } from "../world/run-store.js";
import { builtModules } from "./fork-run.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";
import { withRun } from "./run-place.js";

export interface UpgradeCheckOptions extends JobOptions, Pick<UpgradeCheckJob, "from" | "to" | "agents"> {
  /** Path of a source or .wasm file by the name of the module. */
  readonly modules: Readonly<Record<string, string>>;
}

/**
 * Gives new code what the recorded code was given, and tells where it first asks for something else, agent by agent.
 * A difference is a report, not an error. The run stays as it is.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_TICK} {WE_FORK_OVERRIDE} {WE_RUN_DIVERGED} and what building modules throws
 */
export async function checkUpgrade(run: string, options: UpgradeCheckOptions): Promise<UpgradeCheckReport> {
  const { from, to, agents } = options;
  return withRun(run, options.baseDirectory, async ({ dir, name }) => {
    // A bundle has no folder of its own where keys could be looked for.
    const directory =
      dir === name ? readSetup(dir).baseDirectory : resolve(options.baseDirectory ?? process.cwd());
    const modules = await builtModules(options.modules, directory);
    const job: UpgradeCheckJob = {
      kind: "upgrade-check",
      dir,
      modules: modules.map(({ name: module, digest, instrumented }) => ({
        name: module,
        digest,
        instrumented,
      })),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(agents === undefined ? {} : { agents }),
    };
    const report = (await executeJob(job, options)) as UpgradeCheckReport; // value of the job `upgrade-check`
    return { ...report, dir: name };
  });
}

/** Invariants of recorded runs: checked by replay, and searched for the tick that breaks one. */

import type {
  BisectJob,
  BisectReport,
  CheckJob,
  CheckReport,
  InvariantSetup,
} from "../invariants/contract.js";
import { parseInvariant } from "../invariants/invariant-check.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";
import { withRun } from "./run-place.js";

/** What stands for an invariant that has no name yet. */
const testName = "test";

export interface CheckOptions extends JobOptions, Pick<CheckJob, "from" | "to" | "names" | "invariants"> {
  /** Expressions to check instead of invariants, or besides those that are named. */
  readonly tests?: readonly string[];
}

/**
 * Replays a run and tells the first tick at which an invariant does not hold. That is a report, not an error.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_TICK} {WE_RUN_DIVERGED} {WE_INVARIANT_NONE} {WE_INVARIANT_UNKNOWN} and the codes of
 * expressions
 */
export async function checkInvariants(run: string, options: CheckOptions = {}): Promise<CheckReport> {
  const { from, to, names, invariants, tests = [] } = options;
  const own = tests.map((expression, index) =>
    testOf(expression, tests.length === 1 ? testName : `${testName}-${index + 1}`),
  );
  return withRun(run, options.baseDirectory, async ({ dir, name }) => {
    const asked = own.length === 0 ? invariants : [...(invariants ?? []), ...own];
    const job: CheckJob = {
      kind: "check",
      dir,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(names === undefined ? {} : { names }),
      ...(asked === undefined ? {} : { invariants: asked }),
    };
    const report = (await executeJob(job, options)) as CheckReport; // value of the job `check`
    return { ...report, dir: name };
  });
}

export interface BisectOptions extends JobOptions, Pick<BisectJob, "good" | "bad"> {
  /** Name of an invariant of the run, or one of its own; or `test`, an expression that is true while all is well. */
  readonly invariant?: string | InvariantSetup;
  readonly test?: string;
}

/**
 * Finds the first tick at which an invariant does not hold any more.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_TICK} {WE_RUN_DIVERGED} {WE_INVARIANT_NONE} {WE_INVARIANT_UNKNOWN} {WE_BISECT_ENDS}
 * and the codes of expressions
 */
export async function bisectInvariant(run: string, options: BisectOptions): Promise<BisectReport> {
  const { good, bad, test, invariant = testOf(test ?? "", testName) } = options;
  return withRun(run, options.baseDirectory, async ({ dir, name }) => {
    const job: BisectJob = {
      kind: "bisect",
      dir,
      invariant,
      ...(good === undefined ? {} : { good }),
      ...(bad === undefined ? {} : { bad }),
    };
    const report = (await executeJob(job, options)) as BisectReport; // value of the job `bisect`
    return { ...report, dir: name };
  });
}

/** Read here: what is wrong with an expression is said before a process is started. */
function testOf(expression: string, name: string): InvariantSetup {
  parseInvariant(expression);
  return { name, expression };
}

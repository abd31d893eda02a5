/** The job `check`: executes a run again, confirms every commit by the log, and stops at the first broken invariant. */

import { adviceFor } from "../config/suggestion.js";
import { compareCommits, playTick, tickRange } from "../replay/play.js";
import type { ReplayProgress } from "../replay/replay-contract.js";
import { openTrack } from "../replay/track.js";
import type { RecordedRun } from "../replay/track.js";
import { fail } from "../world/errors.js";
import { ticksPerProgress } from "../world/limits.js";
import { readSetup } from "../world/run-store.js";
import type { CheckJob, CheckReport, InvariantSetup, Violation } from "./contract.js";
import { invariantError } from "./errors.js";
import { InvariantCheck } from "./invariant-check.js";

/**
 * @throws {WE_INVARIANT_NONE} {WE_INVARIANT_UNKNOWN} {WE_RUN_TICK} {WE_RUN_DIVERGED} and the codes of expressions
 */
export function checkRun(
  run: RecordedRun,
  job: CheckJob,
  onProgress: (progress: ReplayProgress) => void,
): CheckReport {
  const check = new InvariantCheck(chosen(job.invariants ?? invariantsOf(run), job.names));
  const { from, to } = tickRange(run, job);
  const track = openTrack(run, from === 0 ? undefined : from - 1);
  const counts = { ticksExecuted: 0, turnsExecuted: 0 };
  let violation: Violation | undefined;
  try {
    const { world } = track;
    for (const entry of run.log.ticks(world.tick)) {
      if (entry.commit === undefined || entry.tick > to) break;
      const previous = world.tick;
      const result = playTick(track, entry, undefined);
      const difference = compareCommits(entry.commit, result.commit);
      if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
      counts.ticksExecuted += 1;
      counts.turnsExecuted += result.figures.turns;
      if (counts.ticksExecuted % ticksPerProgress === 0)
        onProgress({ tick: entry.tick, turnsExecuted: counts.turnsExecuted });
      if (entry.tick < from) continue;
      violation = check.afterTick(world, track, previous);
      if (violation !== undefined) break;
    }
    // Whatever the interval of checks: the end is looked at.
    if (violation === undefined && world.tick >= 0) violation = check.now(world, track);
    return {
      runId: run.runId,
      dir: run.dir,
      holds: violation === undefined,
      from,
      to: violation?.tick ?? to,
      ticksExecuted: counts.ticksExecuted,
      invariants: check.figures,
      violation: violation ?? null,
    };
  } finally {
    track.close();
  }
}

/** Invariants that a run keeps of its configuration. */
export function invariantsOf(run: Pick<RecordedRun, "dir">): readonly InvariantSetup[] {
  return readSetup(run.dir).invariants ?? [];
}

/** @throws {WE_INVARIANT_NONE} {WE_INVARIANT_UNKNOWN} */
function chosen(
  invariants: readonly InvariantSetup[],
  names: readonly string[] | undefined,
): readonly InvariantSetup[] {
  if (names === undefined && invariants.length === 0) throw invariantError("WE_INVARIANT_NONE", {});
  return names === undefined ? invariants : names.map((name) => namedInvariant(invariants, name));
}

/** @throws {WE_INVARIANT_UNKNOWN} */
export function namedInvariant(invariants: readonly InvariantSetup[], name: string): InvariantSetup {
  const found = invariants.find((invariant) => invariant.name === name);
  if (found !== undefined) return found;
  const known = invariants.map((invariant) => invariant.name);
  throw invariantError("WE_INVARIANT_UNKNOWN", { name, advice: adviceFor(name, known, "invariants") });
}

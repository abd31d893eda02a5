/**
 * The job `bisect`: the first tick at which an invariant does not hold. Snapshots between a good and a bad tick are
 * tried first, for restoring one executes nothing; what is left between two of them is executed once, tick by tick.
 */

import { compareCommits, lastTick, play, playTick } from "../replay/play.js";
import { openTrack } from "../replay/track.js";
import type { RecordedRun, Track } from "../replay/track.js";
import { fail } from "../world/errors.js";
import { invariantsOf, namedInvariant } from "./check-run.js";
import type { BisectJob, BisectReport, BisectStep, InvariantSetup, Violation } from "./contract.js";
import { invariantError } from "./errors.js";
import { InvariantCheck } from "./invariant-check.js";

/**
 * @throws {WE_BISECT_ENDS} where it does not hold at the good tick or holds at the bad one; {WE_INVARIANT_UNKNOWN}
 * {WE_RUN_TICK} {WE_RUN_DIVERGED} and the codes of expressions
 */
export function bisectRun(run: RecordedRun, job: BisectJob, onStep: (tick: number) => void): BisectReport {
  const setup =
    typeof job.invariant === "string" ? namedInvariant(invariantsOf(run), job.invariant) : job.invariant;
  return new Search(run, setup, onStep).report(lastTick(run, job.good ?? 0), lastTick(run, job.bad));
}

class Search {
  readonly #run: RecordedRun;
  readonly #setup: InvariantSetup;
  readonly #check: InvariantCheck;
  readonly #onStep: (tick: number) => void;
  readonly #steps: BisectStep[] = [];

  constructor(run: RecordedRun, setup: InvariantSetup, onStep: (tick: number) => void) {
    this.#run = run;
    this.#setup = setup;
    this.#check = new InvariantCheck([setup]);
    this.#onStep = onStep;
  }

  /** `good` and `bad` are looked at first: a search between two bad ends would find anything. */
  report(good: number, bad: number): BisectReport {
    this.#checkEnds(good, bad);
    const [low, high] = this.#betweenSnapshots(good, bad);
    const { violation, lastGood } = this.#firstAfter(low, high);
    const { runId, dir } = this.#run;
    return {
      runId,
      dir,
      invariant: this.#setup.name,
      expression: this.#setup.expression,
      firstBad: violation.tick,
      lastGood,
      violation,
      steps: this.#steps,
      ticksExecuted: this.#steps.reduce((sum, { ticksExecuted }) => sum + ticksExecuted, 0),
    };
  }

  #checkEnds(good: number, bad: number): void {
    const { name: invariant } = this.#setup;
    if (good >= bad) {
      const problem = `the good tick ${good} is not before the bad tick ${bad}`;
      throw invariantError("WE_BISECT_ENDS", { invariant, problem });
    }
    if (this.#holdsAt(good) !== undefined)
      throw invariantError("WE_BISECT_ENDS", {
        invariant,
        problem: `it does not hold at the good tick ${good}`,
      });
    if (this.#holdsAt(bad) === undefined)
      throw invariantError("WE_BISECT_ENDS", { invariant, problem: `it holds at the bad tick ${bad}` });
  }

  /** Ticks without a snapshot between them, the first of which is good and the last bad. */
  #betweenSnapshots(good: number, bad: number): readonly [number, number] {
    let [low, high] = [good, bad];
    for (;;) {
      const middle = low + Math.floor((high - low) / 2);
      const found = this.#snapshotTick(middle, low) ?? this.#snapshotTick(high - 1, low);
      if (found === undefined) return [low, high];
      if (this.#holdsAt(found) === undefined) low = found;
      else high = found;
    }
  }

  /** Of the newest snapshot at or before `tick` and after `low`. */
  #snapshotTick(tick: number, low: number): number | undefined {
    const found = this.#run.newestSnapshot(tick)?.tick;
    return found !== undefined && found > low ? found : undefined;
  }

  /** The violation at a tick, or undefined where it holds. */
  #holdsAt(tick: number): Violation | undefined {
    return this.#restored(tick, (track, restoredFrom) => {
      let ticksExecuted = 0;
      const difference = play(this.#run, track, { to: tick, onTick: () => (ticksExecuted += 1) });
      if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: this.#run.dir });
      const violation = this.#violation(track);
      this.#note({ tick, restoredFrom, ticksExecuted, holds: violation === undefined });
      return violation;
    });
  }

  /** Executes every tick after `low` until the first bad one, which is `high` at the latest. */
  #firstAfter(low: number, high: number): { readonly violation: Violation; readonly lastGood: number } {
    return this.#restored(low, (track, restoredFrom) => {
      let ticksExecuted = 0;
      let lastGood = Math.min(low, track.world.tick);
      for (const entry of this.#run.log.ticks(track.world.tick)) {
        if (entry.commit === undefined || entry.tick > high) break;
        const difference = compareCommits(entry.commit, playTick(track, entry, undefined).commit);
        if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: this.#run.dir });
        ticksExecuted += 1;
        const violation = entry.tick <= low ? undefined : this.#violation(track);
        if (violation === undefined) {
          lastGood = entry.tick;
          continue;
        }
        this.#note({ tick: entry.tick, restoredFrom, ticksExecuted, holds: false });
        return { violation, lastGood };
      }
      // What was bad at `high` is bad again: the run is confirmed by its log.
      throw fail("WE_RUN_DIVERGED", {
        tick: high,
        what: "state",
        expected: `${this.#setup.name} is false`,
        actual: "it holds",
        dir: this.#run.dir,
      });
    });
  }

  #restored<Result>(tick: number, use: (track: Track, restoredFrom: number) => Result): Result {
    const track = openTrack(this.#run, tick);
    try {
      return use(track, track.world.tick);
    } finally {
      track.close();
    }
  }

  #violation(track: Track): Violation | undefined {
    return this.#check.now(track.world, track);
  }

  #note(step: BisectStep): void {
    this.#steps.push(step);
    this.#onStep(step.tick);
  }
}

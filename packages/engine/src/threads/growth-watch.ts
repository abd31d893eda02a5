/**
 * Watches what the ticks of a small world cost, and says whether several threads should execute it: they are tried
 * where the work of a tick is worth waking them, and given up where it takes no less time with them, as on a machine
 * that others keep busy. Measured time decides: that is allowed because the number of threads shows in no result.
 */

import {
  growthExecuteMs,
  growthGainMin,
  growthPatienceWindows,
  growthTurnsMin,
  growthWindowTicks,
  growthWindowsMin,
} from "./limits.js";

export class GrowthWatch {
  #ticks = 0;
  #turns = 0;
  #executeMs = 0;
  /** Windows in a row that speak for a change. */
  #votes = 0;
  /** Windows until threads may be tried again; doubled whenever they did not pay. */
  #restWindows = 0;
  #patience = growthPatienceWindows;
  /** What a turn cost one thread. */
  #turnMsAlone = 0;

  /** Notes one executed tick and returns whether several threads should execute the next ones. */
  note(turns: number, executeMs: number, isThreaded: boolean): boolean {
    this.#ticks += 1;
    this.#turns += turns;
    this.#executeMs += executeMs;
    if (this.#ticks < growthWindowTicks) return isThreaded;
    const isWanted = isThreaded ? this.#stays() : this.#grows();
    this.#ticks = 0;
    this.#turns = 0;
    this.#executeMs = 0;
    return isWanted;
  }

  get #turnMs(): number {
    return this.#executeMs / Math.max(1, this.#turns);
  }

  /** The first window also compiles: one alone does not count. */
  #grows(): boolean {
    this.#restWindows -= 1;
    const isBusy =
      this.#turns >= growthTurnsMin * this.#ticks && this.#executeMs >= growthExecuteMs * this.#ticks;
    const isVote = isBusy && this.#restWindows < 0;
    if (!this.#vote(isVote)) return false;
    this.#turnMsAlone = this.#turnMs;
    return true;
  }

  #stays(): boolean {
    if (!this.#vote(this.#turnMs > this.#turnMsAlone * (1 - growthGainMin))) return true;
    this.#restWindows = this.#patience;
    this.#patience *= 2;
    return false;
  }

  /** True once enough windows in a row spoke alike. */
  #vote(isVote: boolean): boolean {
    this.#votes = isVote ? this.#votes + 1 : 0;
    if (this.#votes < growthWindowsMin) return false;
    this.#votes = 0;
    return true;
  }
}

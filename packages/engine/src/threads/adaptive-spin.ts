/**
 * Decides how long a thread looks at a shared word before it sleeps. Waking a sleeping thread costs tens of
 * microseconds, looking costs nanoseconds; but where looking does not pay it only takes the core from others.
 */

import { spinLoadsMax, spinMissesMax, spinPauseWaits } from "./limits.js";

export class AdaptiveSpin {
  readonly #loads: number;
  #misses = 0;
  #pausedWaits = 0;

  /** `enabled` only where every thread has a core of its own. `loads`: looks before it sleeps. */
  constructor(enabled: boolean, loads: number = spinLoadsMax) {
    this.#loads = enabled ? loads : 0;
  }

  /** True where `word` left `value` while it was looked at; false: sleep. */
  leaves(words: Int32Array, word: number, value: number): boolean {
    if (this.#pausedWaits > 0) {
      this.#pausedWaits -= 1;
      return Atomics.load(words, word) !== value;
    }
    for (let load = 0; load < this.#loads; load += 1) {
      if (Atomics.load(words, word) === value) continue;
      this.#misses = 0;
      return true;
    }
    this.#miss();
    return false;
  }

  #miss(): void {
    this.#misses += 1;
    if (this.#misses < spinMissesMax) return;
    this.#misses = 0;
    this.#pausedWaits = spinPauseWaits;
  }
}

/** At most so many calls at a time; the others wait in the order in which they came. */

import { assert } from "@wasm-engine/abi";
import { reasonOf } from "./http-exchange.js";

export class CallSlots {
  readonly #max: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    assert(max > 0, "somebody can be called");
    this.#max = max;
  }

  /** Resolves when a slot is taken; whoever has one gives it back. Rejects where the signal is aborted before. */
  take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(reasonOf(signal));
    if (this.#taken < this.#max) {
      this.#taken += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(begin);
        reject(reasonOf(signal));
      };
      this.#waiting.add(begin);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    // The slot goes from hand to hand.
    this.#waiting.delete(next);
    next();
  }
}

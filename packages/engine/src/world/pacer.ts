/** Real-time pacing: the outer loop that maps wall time to ticks. Nothing in the world depends on it. */

import { assert } from "@wasm-engine/abi";

export class Pacer {
  /** Length of a tick. */
  readonly tickMs: number;
  readonly #firstTick: number;
  readonly #startMs: number;
  readonly #now: () => number;

  /** `firstTick` is due now. `now` in milliseconds, monotonic. */
  constructor(tickNanos: bigint, firstTick: number, now: () => number = () => performance.now()) {
    assert(tickNanos > 0n, "a tick takes time");
    this.tickMs = Number(tickNanos) / 1e6;
    this.#firstTick = firstTick;
    this.#now = now;
    this.#startMs = now();
  }

  /** The tick that the wall clock is in. */
  tickNow(): number {
    return this.#firstTick + Math.floor((this.#now() - this.#startMs) / this.tickMs);
  }

  /** Milliseconds until `tick` may be executed; 0 where it is due or late. */
  millisUntil(tick: number): number {
    const dueMs = this.#startMs + (tick - this.#firstTick) * this.tickMs;
    return Math.max(0, dueMs - this.#now());
  }
}

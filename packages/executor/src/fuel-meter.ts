/**
 * Fuel of one turn in slices. What is left of the slices granted so far is handed to the instance before a call and
 * taken back after it; more is granted while the turn's maximum is not reached. One meter serves turn after turn. It
 * owns the arithmetic, not the global of the instance.
 */

import { assert } from "@wasm-engine/abi";

export class FuelMeter {
  #perSlice = 1;
  #max = 1;
  #granted = 1;
  #used = 0;

  /** Begins a turn. */
  start(perSlice: number, max: number): void {
    assert(perSlice > 0, "a slice has fuel");
    assert(max > 0, "a turn has fuel");
    this.#perSlice = perSlice;
    this.#max = max;
    this.#granted = Math.min(perSlice, max);
    this.#used = 0;
  }

  /** Sum of the slices begun: what a faulted turn is charged. */
  get granted(): number {
    return this.#granted;
  }

  /** Exact fuel of everything that completed. */
  get used(): number {
    return this.#used;
  }

  /** What a call may start with after `cost`; negative where the turn cannot pay for it. */
  open(cost: number): number {
    return this.cover(this.#granted - this.#used - cost);
  }

  /** `left` with as many further slices as bring it out of debt; negative where the maximum is reached before. */
  cover(left: number): number {
    let covered = left;
    while (covered < 0 && this.#granted < this.#max) {
      const grant = Math.min(this.#perSlice, this.#max - this.#granted);
      this.#granted += grant;
      covered += grant;
    }
    return covered;
  }

  /** Takes over what a call that returned has left. False where it overdrew the turn's maximum. */
  close(left: number): boolean {
    const covered = this.cover(left);
    if (covered < 0) return false;
    const used = this.#granted - covered;
    assert(used >= this.#used, "fuel only decreases");
    this.#used = used;
    return true;
  }
}

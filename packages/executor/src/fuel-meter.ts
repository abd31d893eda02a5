/**
 * Fuel of one turn in slices. The fuel global of an instance holds what is left of the slices granted so far;
 * more is granted while the turn's maximum is not reached. It owns the arithmetic, not the global.
 */

import { assert } from "@wasm-engine/abi";
import type { GuestInstance } from "./guest-instance.js";

export class FuelMeter {
  readonly #perSlice: number;
  readonly #max: number;
  #granted: number;
  #used = 0;

  constructor(perSlice: number, max: number) {
    assert(perSlice > 0, "a slice has fuel");
    assert(max > 0, "a turn has fuel");
    this.#perSlice = perSlice;
    this.#max = max;
    this.#granted = Math.min(perSlice, max);
  }

  /** Sum of the slices begun: what a faulted turn is charged. */
  get granted(): number {
    return this.#granted;
  }

  /** Exact fuel of everything that completed. */
  get used(): number {
    return this.#used;
  }

  /** Hands what is left, less `cost`, to the instance. False where the turn cannot pay for it. */
  open(instance: GuestInstance, cost: number): boolean {
    instance.fuel = this.#granted - this.#used - cost;
    return this.refill(instance);
  }

  /** Grants slices until the instance is out of debt. False where the turn's maximum is reached before. */
  refill(instance: GuestInstance): boolean {
    let left = instance.fuel;
    if (left >= 0) return true;
    while (left < 0 && this.#granted < this.#max) {
      const grant = Math.min(this.#perSlice, this.#max - this.#granted);
      this.#granted += grant;
      left += grant;
    }
    instance.fuel = left;
    return left >= 0;
  }

  /** Takes over what a call that returned has left. False where it overdrew the turn's maximum. */
  close(instance: GuestInstance): boolean {
    let left = instance.fuel;
    if (left < 0) {
      if (!this.refill(instance)) return false;
      left = instance.fuel;
    }
    const used = this.#granted - left;
    assert(used >= this.#used, "fuel only decreases");
    this.#used = used;
    return true;
  }
}

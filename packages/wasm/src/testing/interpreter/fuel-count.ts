/** Counts fuel and steps of one call. The sum is exact beyond 2^53. */

import { FUEL_TABLE } from "./prices.js";

/** Numbers stay exact below this; what is above is moved to a BigInt. */
const EXACT = 2 ** 51;

/** The next price is not covered. */
export class OutOfFuel extends Error {}

export class FuelCount {
  readonly #budget: bigint | undefined;
  /** What is left until the BigInt must be looked at. */
  #left: number;
  #used = 0;
  #usedBefore = 0n;

  constructor(budget: bigint | undefined) {
    this.#budget = budget;
    this.#left = this.#share();
  }

  get used(): bigint {
    return this.#usedBefore + BigInt(this.#used);
  }

  /** @throws {OutOfFuel} where the budget does not cover it; then nothing is paid. */
  pay(price: number): void {
    if (this.#used + price > this.#left) this.#settle(price);
    this.#used += price;
  }

  payHostCall(): void {
    this.pay(FUEL_TABLE.hostCall);
  }

  #settle(price: number): void {
    if (this.#budget !== undefined && this.used + BigInt(price) > this.#budget) throw new OutOfFuel();
    this.#usedBefore = this.used;
    this.#used = 0;
    this.#left = this.#share();
  }

  #share(): number {
    if (this.#budget === undefined) return EXACT;
    const left = this.#budget - this.#usedBefore;
    return left > BigInt(EXACT) ? EXACT : Number(left);
  }
}

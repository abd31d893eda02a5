/**
 * Credit of one tenant for one resource (fuel, messages): integer deficit round robin.
 *   1. Every tick grants `perTick`; then what has to be paid whatever the credit says is
 *      paid, into debt if need be.
 *   2. A turn is planned only if the credit covers its reservation.
 *   3. What a turn did not use is given back.
 *   4. At the end of a tick a tenant without leftovers keeps only its debt; one with leftovers keeps at most
 *      the greater of one grant and the reservation it waits for: nobody saves up for a burst.
 * Every number is an integer of at most 2^53 - 1, so that all of it is exact.
 */

import { assert } from "@wasm-engine/abi";

export class Credit {
  readonly #perTick: number;
  /** Covers everything, costs nothing: that of the single tenant of a world that declares none. */
  readonly #unbounded: boolean;
  #balance = 0;

  constructor(perTick: number, unbounded: boolean) {
    this.#perTick = perTick;
    this.#unbounded = unbounded;
  }

  /** Negative is debt. */
  get balance(): number {
    return this.#balance;
  }

  restore(balance: number): void {
    this.#balance = balance;
  }

  grant(): void {
    this.refund(this.#perTick);
  }

  /** Ticks that were not executed: nobody waited, so only debt and what is paid in every tick move. */
  skip(tickCount: number, paidPerTick: number): void {
    if (this.#unbounded || tickCount === 0) return;
    const gain = this.#perTick - paidPerTick;
    const ticksToClear = gain > 0 ? Math.ceil(Math.max(0, -this.#balance) / gain) : Infinity;
    this.#balance = tickCount >= ticksToClear ? 0 : this.#balance + tickCount * gain;
  }

  /** Takes what was used whatever the credit says: a busy agent's slice, an upgrade. */
  pay(amount: number): void {
    if (!this.#unbounded) this.#balance -= amount;
  }

  covers(amount: number): boolean {
    return this.#unbounded || this.#balance >= amount;
  }

  /** What this tenant leaves to elastic ones when nothing of its own waits. */
  get spare(): number {
    return this.#unbounded ? 0 : Math.max(0, this.#balance);
  }

  /** Elastic: pays as much of `amount` as the credit holds and says how much that was. */
  payUpTo(amount: number): number {
    const paid = Math.min(this.spare, amount);
    this.#balance -= paid;
    return paid;
  }

  refund(amount: number): void {
    assert(amount >= 0, "a turn uses at most its reservation");
    if (!this.#unbounded) this.#balance = Math.min(this.#balance + amount, Number.MAX_SAFE_INTEGER);
  }

  /** `waiting`: reservation of the first leftover, or undefined where nothing of the tenant waits. */
  settle(waiting: number | undefined): void {
    const most = waiting === undefined ? 0 : Math.max(this.#perTick, waiting);
    if (!this.#unbounded) this.#balance = Math.min(this.#balance, most);
  }
}

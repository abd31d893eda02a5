/**
 * Fuel credit of one tenant: integer deficit round robin.
 *   1. Every tick grants `fuelPerTick`; then the slices of busy agents are paid, into debt where it must be.
 *   2. A turn is planned if the credit covers its reservation; the first one that is not covered stops the tenant's
 *      queue for this tick, so that a heavy agent is not overtaken for ever.
 *   3. What a turn did not use is given back at commit.
 *   4. At the end of a tick a tenant without leftovers keeps only its debt; one with leftovers keeps at most the
 *      greater of one grant and the reservation it waits for: nobody saves up for a burst.
 * The allowance of turns is per tick and never carried.
 */

import { assert } from "@wasm-engine/abi";
import type { TenantSpec } from "../model.js";

export class TenantCredit {
  readonly name: string;
  readonly elastic: boolean;
  readonly #fuelPerTick: number;
  readonly #turnsPerTick: number;
  /** The single tenant of a world without declared tenants: only the turns of a tick bound it. */
  readonly #unbounded: boolean;
  #fuel = 0;
  #turnsLeft = 0;

  constructor(spec: TenantSpec, unbounded = false) {
    this.name = spec.name;
    this.elastic = spec.elastic;
    this.#fuelPerTick = spec.fuelPerTick;
    this.#turnsPerTick = spec.turnsPerTick;
    this.#unbounded = unbounded;
  }

  get fuel(): number {
    return this.#fuel;
  }

  restore(fuel: number): void {
    this.#fuel = fuel;
  }

  /** Ticks that were not executed: nobody waited, so only debt and the full slices of busy agents move. */
  skip(tickCount: number, busyFuelPerTick: number): void {
    if (this.#unbounded || tickCount === 0) return;
    const gain = this.#fuelPerTick - busyFuelPerTick;
    const ticksToClear = gain > 0 ? Math.ceil(Math.max(0, -this.#fuel) / gain) : Infinity;
    this.#fuel = tickCount >= ticksToClear ? 0 : this.#fuel + tickCount * gain;
  }

  beginTick(): void {
    this.#turnsLeft = this.#turnsPerTick;
    if (!this.#unbounded) this.#fuel += this.#fuelPerTick;
  }

  /** Fuel that was used whatever the credit says: a busy agent's slice, an upgrade. */
  pay(fuel: number): void {
    if (!this.#unbounded) this.#fuel -= fuel;
  }

  /** Reserves a turn; false where the tenant's queue must wait. */
  reserve(fuel: number): boolean {
    if (this.#turnsLeft === 0) return false;
    if (!this.#unbounded) {
      if (this.#fuel < fuel) return false;
      this.#fuel -= fuel;
    }
    this.#turnsLeft -= 1;
    return true;
  }

  /** What this tenant leaves to elastic ones when nothing of its own waits. */
  get spareFuel(): number {
    return this.#unbounded ? 0 : Math.max(0, this.#fuel);
  }

  /** Elastic: pays as much of `fuel` as the own credit holds and says how much that was. */
  payUpTo(fuel: number): number {
    const paid = Math.min(this.spareFuel, fuel);
    this.#fuel -= paid;
    return paid;
  }

  refund(fuel: number): void {
    assert(fuel >= 0, "a turn pays at most its reservation in its first tick");
    if (!this.#unbounded) this.#fuel += fuel;
  }

  /** `waitingFuel`: reservation of the first leftover, or undefined where nothing of the tenant waits. */
  endTick(waitingFuel: number | undefined): void {
    const most = waitingFuel === undefined ? 0 : Math.max(this.#fuelPerTick, waitingFuel);
    if (!this.#unbounded) this.#fuel = Math.min(this.#fuel, most);
  }
}

/** Tenants of a genesis in its order, by name. None declared: one tenant `default` with every turn and any fuel. */
export function tenantCredits(
  tenants: readonly TenantSpec[],
  turnsPerTickMax: number,
): Map<string, TenantCredit> {
  if (tenants.length === 0) {
    const everything = { name: "default", fuelPerTick: 0, turnsPerTick: turnsPerTickMax, elastic: false };
    return new Map([["default", new TenantCredit(everything, true)]]);
  }
  return new Map(tenants.map((spec) => [spec.name, new TenantCredit(spec)]));
}

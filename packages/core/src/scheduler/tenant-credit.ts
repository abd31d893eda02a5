/**
 * What one tenant may still use: turns of this tick, fuel and messages by credit. A turn is planned if all
 * three cover its reservation; the first one that is not covered stops the tenant's queue for this tick, so
 * that a heavy agent is not overtaken for ever. The allowance of turns is per tick and never carried.
 */

import type { TenantSpec } from "../model.js";
import { Credit } from "./credit.js";

/** What a turn may use at most before it is known what it used. */
export interface Cost {
  readonly reserveFuel: number;
  readonly reserveMessages: number;
}

export class TenantCredit {
  readonly name: string;
  readonly elastic: boolean;
  readonly fuel: Credit;
  readonly messages: Credit;
  readonly #turnsPerTick: number;
  #turnsLeft = 0;
  /** In this tick an agent of the tenant was not covered: those behind it wait too. */
  isStopped = false;

  constructor(spec: Omit<TenantSpec, "agentsMax">, unbounded = false) {
    this.name = spec.name;
    this.elastic = spec.elastic;
    this.fuel = new Credit(spec.fuelPerTick, unbounded);
    this.messages = new Credit(spec.messagesPerTick, unbounded);
    this.#turnsPerTick = spec.turnsPerTick;
  }

  /** `busyFuelPerTick`: what its busy agents paid in each of the ticks that were not executed. */
  beginTick(ticksSkipped: number, busyFuelPerTick: number): void {
    this.#turnsLeft = this.#turnsPerTick;
    this.isStopped = false;
    this.fuel.skip(ticksSkipped, busyFuelPerTick);
    this.messages.skip(ticksSkipped, 0);
    this.fuel.grant();
    this.messages.grant();
  }

  /** Reserves a turn; false where the tenant's queue must wait. */
  reserve({ reserveFuel, reserveMessages }: Cost): boolean {
    if (this.#turnsLeft === 0) return false;
    if (!this.fuel.covers(reserveFuel) || !this.messages.covers(reserveMessages)) return false;
    this.fuel.pay(reserveFuel);
    this.messages.pay(reserveMessages);
    this.#turnsLeft -= 1;
    return true;
  }

  /** `waiting`: the first leftover of the tenant. */
  endTick(waiting: Cost | undefined): void {
    this.fuel.settle(waiting?.reserveFuel);
    this.messages.settle(waiting?.reserveMessages);
  }
}

/** Tenants of a genesis in its order, by name. None declared: one tenant `default` that only turns bound. */
export function tenantCredits(
  tenants: readonly TenantSpec[],
  turnsPerTickMax: number,
): Map<string, TenantCredit> {
  if (tenants.length > 0) return new Map(tenants.map((spec) => [spec.name, new TenantCredit(spec)]));
  const everything = {
    name: "default",
    fuelPerTick: 0,
    turnsPerTick: turnsPerTickMax,
    messagesPerTick: 0,
    elastic: false,
  };
  return new Map([["default", new TenantCredit(everything, true)]]);
}

/**
 * Chooses the turns of one tick. First pass, in policy order: every tenant spends its reserved turns and fuel. Second
 * pass, in policy order: elastic tenants spend turns that nobody reserved or used and fuel of tenants that left nothing
 * waiting. Reserved shares of one tenant never depend on what another one does.
 */

import type { Order } from "./policy.js";
import type { Runnable } from "./runnable.js";
import type { TenantCredit } from "./tenant-credit.js";

export interface Reservation<Agent extends Runnable> {
  readonly agent: Agent;
  /** Part of the reservation that its own tenant paid; the rest came from spare fuel and is not given back. */
  readonly ownFuel: number;
}

export interface Selection<Agent extends Runnable> {
  readonly chosen: readonly Reservation<Agent>[];
  /** In policy order. */
  readonly leftover: readonly Agent[];
}

/** `runnable` is sorted in place. Tenants must have begun the tick. */
export function planTurns<Agent extends Runnable>(
  runnable: Agent[],
  order: Order,
  tenants: Iterable<TenantCredit>,
  turnsPerTickMax: number,
): Selection<Agent> {
  runnable.sort(order);
  const stopped = new Set<TenantCredit>();
  const picks = new Map<Agent, number>();
  for (const agent of runnable) {
    if (stopped.has(agent.tenant)) continue;
    if (agent.tenant.reserve(agent.reserveFuel)) picks.set(agent, agent.reserveFuel);
    else stopped.add(agent.tenant);
  }
  shareSpare(runnable, picks, stopped, tenants, turnsPerTickMax);
  const chosen: Reservation<Agent>[] = [];
  const leftover: Agent[] = [];
  for (const agent of runnable) {
    const ownFuel = picks.get(agent);
    if (ownFuel === undefined) leftover.push(agent);
    else chosen.push({ agent, ownFuel });
  }
  return { chosen, leftover };
}

function shareSpare<Agent extends Runnable>(
  runnable: readonly Agent[],
  picks: Map<Agent, number>,
  stopped: ReadonlySet<TenantCredit>,
  tenants: Iterable<TenantCredit>,
  turnsPerTickMax: number,
): void {
  if (![...stopped].some((tenant) => tenant.elastic)) return;
  let turnsLeft = turnsPerTickMax - picks.size;
  let poolFuel = 0;
  for (const tenant of tenants) if (!stopped.has(tenant)) poolFuel += tenant.spareFuel;
  const done = new Set<TenantCredit>();
  for (const agent of runnable) {
    const { tenant, reserveFuel } = agent;
    if (turnsLeft === 0) return;
    if (!tenant.elastic || picks.has(agent) || done.has(tenant)) continue;
    if (tenant.spareFuel + poolFuel < reserveFuel) {
      done.add(tenant);
      continue;
    }
    const ownFuel = tenant.payUpTo(reserveFuel);
    poolFuel -= reserveFuel - ownFuel;
    turnsLeft -= 1;
    picks.set(agent, ownFuel);
  }
}

/**
 * Chooses the turns of one tick. First pass, in policy order: every tenant spends its reserved turns, fuel
 * and messages. Second pass, in policy order: elastic tenants spend turns that nobody reserved or used,
 * and fuel and messages of tenants that left nothing waiting. Reserved shares of one tenant never depend
 * on what another one does.
 */

import type { Order } from "./policy.js";
import type { Runnable } from "./runnable.js";
import type { TenantCredit } from "./tenant-credit.js";

/** Parts of a reservation that the agent's own tenant paid; the rest was spare and is not given back. */
export interface Paid {
  readonly ownFuel: number;
  readonly ownMessages: number;
}

export interface Reservation<Agent extends Runnable> extends Paid {
  readonly agent: Agent;
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
  const picks = new Map<Agent, Paid>();
  for (const agent of runnable) {
    if (stopped.has(agent.tenant)) continue;
    if (agent.tenant.reserve(agent))
      picks.set(agent, { ownFuel: agent.reserveFuel, ownMessages: agent.reserveMessages });
    else stopped.add(agent.tenant);
  }
  shareSpare(runnable, picks, stopped, tenants, turnsPerTickMax);
  const chosen: Reservation<Agent>[] = [];
  const leftover: Agent[] = [];
  for (const agent of runnable) {
    const paid = picks.get(agent);
    if (paid === undefined) leftover.push(agent);
    else chosen.push({ agent, ...paid });
  }
  return { chosen, leftover };
}

function shareSpare<Agent extends Runnable>(
  runnable: readonly Agent[],
  picks: Map<Agent, Paid>,
  stopped: ReadonlySet<TenantCredit>,
  tenants: Iterable<TenantCredit>,
  turnsPerTickMax: number,
): void {
  if (![...stopped].some((tenant) => tenant.elastic)) return;
  let turnsLeft = turnsPerTickMax - picks.size;
  const pool = poolOf(tenants, stopped);
  const done = new Set<TenantCredit>();
  for (const agent of runnable) {
    const { tenant, reserveFuel, reserveMessages } = agent;
    if (turnsLeft === 0) return;
    if (!tenant.elastic || picks.has(agent) || done.has(tenant)) continue;
    const covered =
      tenant.fuel.spare + pool.fuel >= reserveFuel &&
      tenant.messages.spare + pool.messages >= reserveMessages;
    if (!covered) {
      done.add(tenant);
      continue;
    }
    const ownFuel = tenant.fuel.payUpTo(reserveFuel);
    const ownMessages = tenant.messages.payUpTo(reserveMessages);
    pool.fuel -= reserveFuel - ownFuel;
    pool.messages -= reserveMessages - ownMessages;
    turnsLeft -= 1;
    picks.set(agent, { ownFuel, ownMessages });
  }
}

/** Credit of the tenants in which nobody waits. */
function poolOf(
  tenants: Iterable<TenantCredit>,
  stopped: ReadonlySet<TenantCredit>,
): { fuel: number; messages: number } {
  const pool = { fuel: 0, messages: 0 };
  for (const tenant of tenants) {
    if (stopped.has(tenant)) continue;
    pool.fuel = Math.min(pool.fuel + tenant.fuel.spare, Number.MAX_SAFE_INTEGER);
    pool.messages = Math.min(pool.messages + tenant.messages.spare, Number.MAX_SAFE_INTEGER);
  }
  return pool;
}

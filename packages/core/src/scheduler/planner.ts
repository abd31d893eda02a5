/**
 * Chooses the turns of one tick. First pass, in policy order: every tenant spends its reserved turns, fuel
 * and messages. Second pass, in policy order: elastic tenants spend turns that nobody reserved or used,
 * and fuel and messages of tenants that left nothing waiting. Reserved shares of one tenant never depend
 * on what another one does.
 */

import type { KeptList } from "../kept-list.js";
import type { Runnable } from "./runnable.js";
import type { TenantCredit } from "./tenant-credit.js";

export interface Candidates<Agent extends Runnable> {
  /** In policy order. */
  readonly runnable: KeptList<Agent>;
  /** They have begun the tick. */
  readonly tenants: ReadonlyMap<string, TenantCredit>;
  readonly turnsPerTickMax: number;
}

/** Marks the agents that take a turn as chosen and says who paid for it; returns how many they are. */
export function planTurns<Agent extends Runnable>(candidates: Candidates<Agent>): number {
  const { runnable, tenants } = candidates;
  let chosenCount = 0;
  for (let index = 0; index < runnable.length; index += 1) {
    const agent = runnable.at(index);
    const { tenant } = agent;
    agent.isChosen = !tenant.isStopped && tenant.reserve(agent);
    if (agent.isChosen) {
      agent.ownFuel = agent.reserveFuel;
      agent.ownMessages = agent.reserveMessages;
      chosenCount += 1;
    } else {
      tenant.isStopped = true;
    }
  }
  if (chosenCount === runnable.length) return chosenCount;
  for (const tenant of tenants.values()) {
    if (tenant.isStopped && tenant.elastic) return chosenCount + shareSpare(candidates, chosenCount);
  }
  return chosenCount;
}

/** Returns how many turns more there are. */
function shareSpare<Agent extends Runnable>(candidates: Candidates<Agent>, chosenCount: number): number {
  const { runnable, tenants, turnsPerTickMax } = candidates;
  let shared = 0;
  const pool = poolOf(tenants);
  const done = new Set<TenantCredit>();
  for (let index = 0; index < runnable.length; index += 1) {
    const agent = runnable.at(index);
    const { tenant, reserveFuel, reserveMessages } = agent;
    if (chosenCount + shared === turnsPerTickMax) break;
    if (!tenant.elastic || agent.isChosen || done.has(tenant)) continue;
    const covered =
      tenant.fuel.spare + pool.fuel >= reserveFuel &&
      tenant.messages.spare + pool.messages >= reserveMessages;
    if (!covered) {
      done.add(tenant);
      continue;
    }
    agent.ownFuel = tenant.fuel.payUpTo(reserveFuel);
    agent.ownMessages = tenant.messages.payUpTo(reserveMessages);
    agent.isChosen = true;
    pool.fuel -= reserveFuel - agent.ownFuel;
    pool.messages -= reserveMessages - agent.ownMessages;
    shared += 1;
  }
  return shared;
}

/** Credit of the tenants in which nobody waits. */
function poolOf(tenants: ReadonlyMap<string, TenantCredit>): { fuel: number; messages: number } {
  const pool = { fuel: 0, messages: 0 };
  for (const tenant of tenants.values()) {
    if (tenant.isStopped) continue;
    pool.fuel = Math.min(pool.fuel + tenant.fuel.spare, Number.MAX_SAFE_INTEGER);
    pool.messages = Math.min(pool.messages + tenant.messages.spare, Number.MAX_SAFE_INTEGER);
  }
  return pool;
}

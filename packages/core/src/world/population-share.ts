/**
 * How many agents each tenant may have: its own of the genesis, and of the places that are left as large a part as it
 * has of the reserved turns. Without reserved places one tenant could fill the world and have the children of all
 * others refused.
 */

import type { Genesis } from "../model.js";

export interface PopulationShare {
  readonly agents: number;
  /** May also use places that nobody has reserved. */
  readonly elastic: boolean;
}

/** Shares by tenant; the one tenant of a world that declares none has every place. */
export function populationShares(genesis: Genesis): ReadonlyMap<string, PopulationShare> {
  const { tenants, agents, agentsMax } = genesis;
  if (tenants.length === 0) return new Map([["default", { agents: agentsMax, elastic: false }]]);
  const own = new Map<string, number>();
  for (const { tenant } of agents) own.set(tenant, (own.get(tenant) ?? 0) + 1);
  const left = agentsMax - agents.length;
  const turns = tenants.reduce((sum, { turnsPerTick }) => sum + turnsPerTick, 0);
  return new Map(
    tenants.map(({ name, turnsPerTick, elastic }) => {
      const share = turns === 0 ? 0 : Math.floor((left * turnsPerTick) / turns);
      return [name, { agents: (own.get(name) ?? 0) + share, elastic }];
    }),
  );
}

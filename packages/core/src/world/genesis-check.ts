/** Consistency of a genesis beyond the shapes that the codec checks. */

import { coreError } from "../errors.js";
import { tenantNameBytesMax } from "../limits.js";
import type { AgentSpec, Genesis } from "../model.js";

/** @throws {WE_WORLD_GENESIS} */
export function checkGenesis(genesis: Genesis): void {
  const { agents, agentsMax, shards, stateHashEvery, turnsPerTickMax } = genesis;
  for (const [name, value] of Object.entries({ shards, stateHashEvery, turnsPerTickMax, agentsMax }))
    demand(
      Number.isSafeInteger(value) && value >= 1,
      `"${name}" is "${value}", expected a count of at least 1`,
    );
  demand(agents.length <= agentsMax, `it has "${agents.length}" agents, "agentsMax" is "${agentsMax}"`);
  checkTenants(genesis);
  const ids = new Set<string>();
  for (const spec of agents) {
    demand(!ids.has(spec.id), `the agent id "${spec.id}" is given twice`);
    ids.add(spec.id);
    checkAgent(genesis, spec);
  }
}

/** Names without a dot: what stands before the first dot of a child's id is its tenant and nobody else's. */
const tenantNamePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

function checkTenants(genesis: Genesis): void {
  let turnsPerTick = 0;
  let agents = 0;
  const population = populationOf(genesis.agents);
  const names = new Set<string>();
  for (const tenant of genesis.tenants) {
    demand(!names.has(tenant.name), `the tenant "${tenant.name}" is given twice`);
    names.add(tenant.name);
    const isName = tenantNamePattern.test(tenant.name) && tenant.name.length <= tenantNameBytesMax;
    demand(
      isName,
      `the tenant name "${tenant.name}" is not 1 to ${tenantNameBytesMax} letters, digits, "_" or "-"`,
    );
    turnsPerTick += tenant.turnsPerTick;
    agents += tenant.agentsMax;
    const count = population.get(tenant.name) ?? 0;
    // Elastic tenants may begin with more, where places are left that nobody has reserved.
    demand(
      count <= tenant.agentsMax || tenant.elastic,
      `the tenant "${tenant.name}" has "${count}" agents, its "agentsMax" is "${tenant.agentsMax}"`,
    );
    const canRun = tenant.turnsPerTick >= 1 && tenant.fuelPerTick >= 1 && tenant.messagesPerTick >= 1;
    demand(canRun || tenant.elastic, `the tenant "${tenant.name}" has no share and is not elastic`);
  }
  const { turnsPerTickMax, agentsMax } = genesis;
  demand(
    turnsPerTick <= turnsPerTickMax,
    `tenants reserve "${turnsPerTick}" turns per tick, "turnsPerTickMax" is "${turnsPerTickMax}"`,
  );
  demand(
    agents <= agentsMax,
    `tenants reserve "${agents}" agents, "agentsMax" of the world is "${agentsMax}"`,
  );
}

function populationOf(agents: readonly AgentSpec[]): ReadonlyMap<string, number> {
  const population = new Map<string, number>();
  for (const { tenant } of agents) population.set(tenant, (population.get(tenant) ?? 0) + 1);
  return population;
}

function checkAgent(genesis: Genesis, spec: AgentSpec): void {
  const tenantKnown =
    genesis.tenants.length === 0
      ? spec.tenant === "default"
      : genesis.tenants.some(({ name }) => name === spec.tenant);
  demand(tenantKnown, `the agent "${spec.id}" belongs to the unknown tenant "${spec.tenant}"`);
  for (const [name, value] of Object.entries(spec.limits)) {
    // An agent may be mute; every other limit of 0 would keep it from running at all.
    const least = name === "messagesPerTurnMax" ? 0 : 1;
    demand(
      value >= least,
      `the limit "${name}" of agent "${spec.id}" is "${value}", expected at least ${least}`,
    );
  }
  demand(
    spec.limits.fuelPerTurnMax >= spec.limits.fuelPerSlice,
    `"fuelPerTurnMax" of agent "${spec.id}" is less than "fuelPerSlice"`,
  );
}

function demand(condition: boolean, reason: string): void {
  if (!condition) throw coreError("WE_WORLD_GENESIS", { reason });
}

/** Consistency of a genesis beyond the shapes that the codec checks. */

import { coreError } from "../errors.js";
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

function checkTenants(genesis: Genesis): void {
  let turnsPerTick = 0;
  const names = new Set<string>();
  for (const tenant of genesis.tenants) {
    demand(!names.has(tenant.name), `the tenant "${tenant.name}" is given twice`);
    names.add(tenant.name);
    turnsPerTick += tenant.turnsPerTick;
    const canRun = tenant.turnsPerTick >= 1 && tenant.fuelPerTick >= 1;
    demand(canRun || tenant.elastic, `the tenant "${tenant.name}" has no share and is not elastic`);
  }
  const { turnsPerTickMax } = genesis;
  const reason = `tenants reserve "${turnsPerTick}" turns per tick, "turnsPerTickMax" is "${turnsPerTickMax}"`;
  demand(turnsPerTick <= turnsPerTickMax, reason);
}

function checkAgent(genesis: Genesis, spec: AgentSpec): void {
  const tenantKnown =
    genesis.tenants.length === 0
      ? spec.tenant === "default"
      : genesis.tenants.some(({ name }) => name === spec.tenant);
  demand(tenantKnown, `the agent "${spec.id}" belongs to the unknown tenant "${spec.tenant}"`);
  for (const [name, value] of Object.entries(spec.limits))
    demand(value >= 1, `the limit "${name}" of agent "${spec.id}" is "${value}", expected at least 1`);
  demand(
    spec.limits.fuelPerTurnMax >= spec.limits.fuelPerSlice,
    `"fuelPerTurnMax" of agent "${spec.id}" is less than "fuelPerSlice"`,
  );
}

function demand(condition: boolean, reason: string): void {
  if (!condition) throw coreError("WE_WORLD_GENESIS", { reason });
}

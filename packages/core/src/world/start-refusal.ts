/** Why an agent may not start, in words that its spawner is answered with: changing one changes chains. */

import type { AgentHandle } from "@wasm-engine/abi";
import type { AgentSpec, Genesis } from "../model.js";
import type { WorldState } from "./world-state.js";

export const StartRefusal = {
  SPEC: "its spec is not valid or asks for more than its parent has",
  NAME: "its id does not start with the name of its tenant and a dot",
  ID_TAKEN: "its id is taken",
  HANDLE_TAKEN: "its handle is taken",
  TENANT: "its tenant is unknown",
  PLACE: "its tenant has no place left",
  LIMITS: "a limit is out of range",
  MODULE_LIMITS: "a limit is below what the manifest of its module asks for",
} as const;

export type StartRefusal = (typeof StartRefusal)[keyof typeof StartRefusal];

/** Why an agent may not start now, or undefined. */
export function startRefusal(
  world: WorldState,
  spec: AgentSpec,
  handle: AgentHandle,
): StartRefusal | undefined {
  if (world.agents.byId(spec.id) !== undefined) return StartRefusal.ID_TAKEN;
  if (world.agents.byHandle(handle) !== undefined) return StartRefusal.HANDLE_TAKEN;
  if (!world.tenants.has(spec.tenant)) return StartRefusal.TENANT;
  if (!world.agents.hasPlace(spec.tenant)) return StartRefusal.PLACE;
  const { fuelPerSlice, fuelPerTurnMax, mailboxMessages } = spec.limits;
  if (fuelPerSlice < 1 || fuelPerTurnMax < fuelPerSlice || mailboxMessages < 1) return StartRefusal.LIMITS;
  return undefined;
}

/**
 * The same for the child of a guest, which in a world with tenants has a name of its tenant's own:
 * else a tenant could take the ids that another one is about to use. The genesis and inputs from
 * outside are free to give any name.
 */
export function childRefusal(
  world: WorldState,
  spec: AgentSpec | undefined,
  handle: AgentHandle,
): StartRefusal | undefined {
  if (spec === undefined) return StartRefusal.SPEC;
  if (!isOwnName(world.genesis, spec)) return StartRefusal.NAME;
  if (!isEnough(world.genesis, spec)) return StartRefusal.MODULE_LIMITS;
  return startRefusal(world, spec, handle);
}

/** Those of the genesis and from outside are checked by whoever lets them in. */
function isEnough({ moduleLimits }: Genesis, { module, limits }: AgentSpec): boolean {
  const { fuelPerSlice = 0, memoryBytes = 0 } = moduleLimits?.[module] ?? {};
  return limits.fuelPerSlice >= fuelPerSlice && limits.memoryBytes >= memoryBytes;
}

function isOwnName({ tenants }: Genesis, { id, tenant }: AgentSpec): boolean {
  return tenants.length === 0 || id.startsWith(`${tenant}.`);
}

/** Builds the genesis: everything world-visible, with no default left open. */

import type { ModuleDigest } from "@wasm-engine/abi";
import { assert, limits } from "@wasm-engine/abi";
import { SEMANTICS } from "@wasm-engine/core";
import type { AgentLimits, AgentSpec, Capabilities, Genesis } from "@wasm-engine/core";
import type { ModuleAdmission } from "../trust/ceiling.js";
import { moduleLimitsOf } from "../trust/manifest-limits.js";
import { nanosOfMillis, parseTime } from "../time/virtual-time.js";
import type { AgentDraft } from "./agent-table.js";
import type { ConfigContext } from "./config-context.js";
import type { CapabilitiesEntry, ConfigFile, LimitsEntry } from "./config-file.js";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { shown } from "./problem.js";
import { resolveTenants } from "./tenant-shares.js";

export interface Clock {
  readonly epochNanos: bigint;
  readonly tickNanos: bigint;
}

/** The clock in nanoseconds; problems are noted in the context. */
export function resolveClock(context: ConfigContext, config: ConfigFile): Clock {
  const tickMs = config.clock?.tickMs ?? ENGINE_DEFAULTS.tickMs;
  const epoch = config.clock?.epoch ?? ENGINE_DEFAULTS.epoch;
  const tickNanos = nanosOfMillis(tickMs);
  if (tickNanos === undefined || tickNanos < 1n) {
    const expected = "a whole number of nanoseconds, that is at most six decimals";
    const advice = "60 ticks per second: tickMs: 16.666667";
    context.add("WE_CONFIG_VALUE", ["clock", "tickMs"], { expected, came: shown(tickMs), advice });
  }
  const epochNanos = parseTime(epoch);
  if (epochNanos === undefined) {
    const expected = "an ISO 8601 time";
    const advice = "for example 2001-01-01T00:00:00Z";
    context.add("WE_CONFIG_VALUE", ["clock", "epoch"], { expected, came: shown(epoch), advice });
  }
  return { epochNanos: epochNanos ?? 0n, tickNanos: tickNanos ?? 1n };
}

export interface GenesisParts {
  readonly config: ConfigFile;
  readonly clock: Clock;
  readonly drafts: readonly AgentDraft[];
  /** Digest per module name. */
  readonly digests: ReadonlyMap<string, ModuleDigest>;
  /** Of the same modules. */
  readonly admissions: readonly ModuleAdmission[];
  readonly seed: number;
}

/** The genesis of a configuration whose references have been checked. */
export function buildGenesis(parts: GenesisParts): Genesis {
  const { config, clock, drafts, digests, admissions, seed } = parts;
  return {
    semantics: SEMANTICS,
    name: config.name,
    seed,
    epochNanos: clock.epochNanos,
    tickNanos: clock.tickNanos,
    policy: config.policy ?? ENGINE_DEFAULTS.policy,
    stride: config.stride ?? ENGINE_DEFAULTS.stride,
    shards: config.shards ?? ENGINE_DEFAULTS.shards,
    stateHashEvery: config.stateHashEvery ?? ENGINE_DEFAULTS.stateHashEvery,
    turnsPerTickMax: config.turnsPerTickMax ?? ENGINE_DEFAULTS.turnsPerTickMax,
    retainTicks: config.retainTicks ?? ENGINE_DEFAULTS.retainTicks,
    agentsMax: config.agentsMax ?? ENGINE_DEFAULTS.agentsMax,
    depthBytes: limits.depthBytes,
    modules: Object.fromEntries([...digests].sort(([left], [right]) => (left < right ? -1 : 1))),
    ...moduleLimitsOf(admissions),
    tenants: resolveTenants(config, drafts),
    agents: drafts.map((draft) => agentSpec(draft, config, digests)),
    models: Object.keys(config.models ?? {}).sort(),
    tools: Object.keys(config.tools ?? {}).sort(),
  };
}

function agentSpec(
  draft: AgentDraft,
  config: ConfigFile,
  digests: ReadonlyMap<string, ModuleDigest>,
): AgentSpec {
  const { entry } = draft;
  const module = digests.get(entry.module);
  assert(module !== undefined, "module names were checked before modules were built");
  return {
    id: draft.id,
    module,
    args: entry.args ?? null,
    tenant: entry.tenant ?? ENGINE_DEFAULTS.tenant,
    priority: entry.priority ?? 0,
    every: entry.every ?? 0,
    capabilities: resolveCapabilities(entry.capabilities ?? {}),
    limits: resolveLimits({ ...config.limits, ...entry.limits }),
    onFault: { ...ENGINE_DEFAULTS.onFault, ...entry.onFault },
    channels: entry.channels ?? [],
  };
}

/** Deny by default. */
export function resolveCapabilities(entry: CapabilitiesEntry): Capabilities {
  return {
    send: entry.send ?? [],
    topics: entry.topics ?? [],
    models: entry.models ?? [],
    tools: entry.tools ?? [],
    spawn: entry.spawn ?? [],
  };
}

function resolveLimits(entry: LimitsEntry): AgentLimits {
  const resolved = { ...ENGINE_DEFAULTS.limits, ...entry };
  return { ...resolved, fuelPerTurnMax: entry.fuelPerTurnMax ?? resolved.fuelPerSlice };
}

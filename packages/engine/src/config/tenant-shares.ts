/**
 * Shares of tenants: defaults for what is left out, and sums that must fit into the world. A tenant without `agentsMax`
 * has places for its own agents of the file and an equal part of those that are left; one without `messagesPerTick` may
 * send, in each of its turns, as much as the most talkative of its agents.
 */

import { tenantNameBytesMax, type TenantSpec } from "@wasm-engine/core";
import type { AgentDraft } from "./agent-table.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile } from "./config-file.js";
import { ENGINE_DEFAULTS } from "./defaults.js";
import { shown } from "./problem.js";

/** The first dot of a child's id ends the name of its tenant, so names of tenants have none. */
export const tenantNamePattern: string = `^[A-Za-z0-9][A-Za-z0-9_-]{0,${tenantNameBytesMax - 1}}$`;

/** The agents of one tenant in the file. */
interface Following {
  count: number;
  /** The greatest `messagesPerTurnMax` among them. */
  messagesPerTurnMax: number;
}

/** Notes shares that do not fit into the world or hold less than the file puts into them. */
export function checkTenants(
  context: ConfigContext,
  config: ConfigFile,
  drafts: readonly AgentDraft[],
): void {
  const tenants = Object.entries(config.tenants ?? {});
  const turns = tenants.reduce((sum, [, tenant]) => sum + tenant.turnsPerTick, 0);
  const turnsMax = config.turnsPerTickMax ?? ENGINE_DEFAULTS.turnsPerTickMax;
  if (turns > turnsMax)
    context.add("WE_CONFIG_VALUE", ["tenants"], {
      expected: `shares whose turnsPerTick add up to at most turnsPerTickMax, ${turnsMax}`,
      came: `${turns}`,
      advice: "lower the shares or raise turnsPerTickMax",
    });
  const followings = followingsOf(config, drafts);
  let agents = 0;
  for (const [name, { agentsMax, share }] of tenants) {
    const { count } = followingOf(followings, name, config);
    agents += Math.max(count, agentsMax ?? 0);
    if (agentsMax === undefined || agentsMax >= count || share === "elastic") continue;
    context.add("WE_CONFIG_VALUE", ["tenants", name, "agentsMax"], {
      expected: `at least ${count}, the number of its agents`,
      came: shown(agentsMax),
      advice: "raise it, or give agents to another tenant",
    });
  }
  const agentsMax = config.agentsMax ?? ENGINE_DEFAULTS.agentsMax;
  if (agents <= agentsMax) return;
  context.add("WE_CONFIG_VALUE", ["tenants"], {
    expected: `shares whose agentsMax and agents add up to at most agentsMax of the world, ${agentsMax}`,
    came: `${agents}`,
    advice: "lower the shares or raise agentsMax of the world",
  });
}

/** Tenants by name, with no default left open. The shares have been checked. */
export function resolveTenants(config: ConfigFile, drafts: readonly AgentDraft[]): TenantSpec[] {
  const entries = Object.entries(config.tenants ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const followings = followingsOf(config, drafts);
  let left = config.agentsMax ?? ENGINE_DEFAULTS.agentsMax;
  let open = 0;
  for (const [name, { agentsMax }] of entries) {
    left -= Math.max(agentsMax ?? 0, followingOf(followings, name, config).count);
    if (agentsMax === undefined) open += 1;
  }
  const part = open === 0 ? 0 : Math.floor(left / open);
  return entries.map(([name, tenant]) => {
    const { count, messagesPerTurnMax } = followingOf(followings, name, config);
    const { fuelPerTick, turnsPerTick } = tenant;
    return {
      name,
      fuelPerTick,
      turnsPerTick,
      messagesPerTick: tenant.messagesPerTick ?? Math.max(1, turnsPerTick * messagesPerTurnMax),
      agentsMax: tenant.agentsMax ?? count + part,
      elastic: tenant.share === "elastic",
    };
  });
}

function followingsOf(config: ConfigFile, drafts: readonly AgentDraft[]): ReadonlyMap<string, Following> {
  const followings = new Map<string, Following>();
  const usual = usualMessages(config);
  for (const { entry } of drafts) {
    const name = entry.tenant ?? ENGINE_DEFAULTS.tenant;
    const messages = entry.limits?.messagesPerTurnMax ?? usual;
    const following = followings.get(name);
    if (following === undefined) followings.set(name, { count: 1, messagesPerTurnMax: messages });
    else {
      following.count += 1;
      following.messagesPerTurnMax = Math.max(following.messagesPerTurnMax, messages);
    }
  }
  return followings;
}

/** A tenant without agents in the file gets them from outside: they have the usual limits. */
function followingOf(
  followings: ReadonlyMap<string, Following>,
  name: string,
  config: ConfigFile,
): Following {
  return followings.get(name) ?? { count: 0, messagesPerTurnMax: usualMessages(config) };
}

function usualMessages(config: ConfigFile): number {
  return config.limits?.messagesPerTurnMax ?? ENGINE_DEFAULTS.limits.messagesPerTurnMax;
}

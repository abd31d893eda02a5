/** What a schema cannot say about agents: names that must be declared, orders. Sums of shares: tenant-shares.ts. */

import { limits } from "@wasm-engine/abi";
import type { AgentDraft } from "./agent-table.js";
import type { ConfigContext } from "./config-context.js";
import type { CapabilitiesEntry, ConfigFile, LimitsEntry } from "./config-file.js";
import { shown } from "./problem.js";
import { checkTenants } from "./tenant-shares.js";
import type { Path } from "./yaml-document.js";

/** Notes every undeclared name and every limit that contradicts another. */
export function checkReferences(
  context: ConfigContext,
  config: ConfigFile,
  drafts: readonly AgentDraft[],
): void {
  checkTenants(context, config, drafts);
  checkLimits(context, ["limits"], { ...config.limits });
  // Entries of a table share what they do not template: the same complaint once is enough.
  const seen = new Set<string>();
  for (const draft of drafts) {
    const key = JSON.stringify([
      draft.path,
      draft.entry.module,
      draft.entry.tenant,
      draft.entry.capabilities,
    ]);
    if (seen.has(key)) continue;
    seen.add(key);
    checkAgent(context, config, draft);
  }
}

function checkAgent(context: ConfigContext, config: ConfigFile, { entry, path, row }: AgentDraft): void {
  const modules = Object.keys(config.modules);
  context.reference([...path, "module"], { name: entry.module, known: modules, what: "module" }, row);
  const tenants = config.tenants === undefined ? ["default"] : Object.keys(config.tenants);
  const tenant = entry.tenant ?? "default";
  const tenantPath: Path = entry.tenant === undefined ? path : [...path, "tenant"];
  context.reference(tenantPath, { name: tenant, known: tenants, what: "tenant" }, row);
  // Defaults that contradict each other are reported at the defaults.
  if (entry.limits !== undefined)
    checkLimits(context, [...path, "limits"], { ...config.limits, ...entry.limits });
  checkGrants(context, [...path, "capabilities"], entry.capabilities ?? {}, config);
}

function checkGrants(
  context: ConfigContext,
  path: Path,
  grants: CapabilitiesEntry,
  config: ConfigFile,
): void {
  const declared = {
    models: Object.keys(config.models ?? {}),
    tools: Object.keys(config.tools ?? {}),
    spawn: Object.keys(config.modules),
  };
  const nouns = { models: "model", tools: "tool", spawn: "module" } as const;
  for (const kind of ["models", "tools", "spawn"] as const) {
    for (const [index, name] of (grants[kind] ?? []).entries()) {
      if (name.endsWith("*")) continue;
      context.reference([...path, kind, index], { name, known: declared[kind], what: nouns[kind] });
    }
  }
}

function checkLimits(context: ConfigContext, path: Path, entry: LimitsEntry): void {
  const slice = entry.fuelPerSlice ?? limits.fuelPerSliceDefault;
  if (entry.fuelPerTurnMax === undefined || entry.fuelPerTurnMax >= slice) return;
  const expected = `at least fuelPerSlice, ${slice}`;
  const advice = "a turn needs the fuel of at least one slice; lower fuelPerSlice as well";
  context.add("WE_CONFIG_VALUE", [...path, "fuelPerTurnMax"], {
    expected,
    came: shown(entry.fuelPerTurnMax),
    advice,
  });
}

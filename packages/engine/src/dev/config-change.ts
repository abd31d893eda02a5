/** What has changed between two loaded configurations, as far as a run can tell. */

import type { ModuleDigest } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import type { LoadedConfig } from "../config/load-config.js";

export type ConfigChange =
  | { readonly kind: "none" }
  /** Other code under the same names; everything else is as before. */
  | { readonly kind: "modules"; readonly names: readonly string[] }
  /** Something that a run starts from: `agents`, `inputs`, `seed`, … */
  | { readonly kind: "world"; readonly what: readonly string[] };

/** `touched`: files that were saved; those of models and tools change what they answer, and nothing else shows it. */
export function changeOf(
  before: LoadedConfig,
  after: LoadedConfig,
  touched: readonly string[],
): ConfigChange {
  const [old, now] = [partsOf(before), partsOf(after)];
  const what = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (part) => old[part] !== now[part],
  );
  if (!what.includes("agents") && !hasSameModules(before.world.genesis, after.world.genesis))
    what.push("agents");
  for (const adapter of after.world.adapters ?? [])
    if ("path" in adapter && touched.includes(adapter.path)) what.push(`${adapter.kind} ${adapter.name}`);
  if (what.length > 0) return { kind: "world", what };
  const names = changedModules(before.world.genesis.modules, after.world.genesis.modules);
  return names.length > 0 ? { kind: "modules", names } : { kind: "none" };
}

function changedModules(
  before: Readonly<Record<string, ModuleDigest>>,
  after: Readonly<Record<string, ModuleDigest>>,
): readonly string[] {
  return Object.keys(after).filter((name) => before[name] !== after[name]);
}

/** Told apart by other means, or not part of what a run starts from. */
const besides = new Set(["genesis", "modules", "admissions", "baseDirectory"]);

/** Everything that a run starts from besides code, as text per part. */
function partsOf({ world }: LoadedConfig): Readonly<Record<string, string>> {
  const { modules, agents, ...constants } = world.genesis;
  const parts: readonly (readonly [string, unknown])[] = [
    ...Object.entries(world).filter(([name]) => !besides.has(name)),
    ...Object.entries(constants),
    ["agents", agents.map((agent) => ({ ...agent, module: undefined }))],
    ["modules", Object.keys(modules)],
  ];
  return Object.fromEntries(parts.map(([name, value]) => [name, textOf(value)]));
}

/** Every agent has a module that is called as before; a name is all that equal modules differ in. */
function hasSameModules(before: Genesis, after: Genesis): boolean {
  return after.agents.every((agent, index) => {
    const old = namesOf(before, before.agents[index]?.module);
    return namesOf(after, agent.module).some((name) => old.includes(name));
  });
}

function namesOf({ modules }: Genesis, digest: ModuleDigest | undefined): readonly string[] {
  return Object.keys(modules).filter((name) => modules[name] === digest);
}

/** Of values that are there: JSON has none for undefined. */
function textOf(value: unknown): string {
  return JSON.stringify([value], (_key, member: unknown) =>
    typeof member === "bigint" ? `${member}n` : member,
  );
}

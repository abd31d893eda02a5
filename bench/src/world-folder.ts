/**
 * A project folder for one measured world: an agent from bench/worlds, a table with a row per agent, an engine.yaml.
 * It lies in bench/.wasm-engine, on the disk of the checkout: a temporary folder may be memory, where fsync is free.
 */

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const benchFolder: string = fileURLToPath(new URL("../", import.meta.url));

export type AgentName =
  | "ring"
  | "ring-plain"
  | "idle"
  | "npc"
  | "echo-script"
  | "echo-compiled"
  | "echo-c"
  | "tally"
  | "talk"
  | "talker";

export interface WorldPlan {
  /** Names the folder. */
  readonly name: string;
  /** File in bench/worlds, without its extension; see {@link worldOf} for its folder. */
  readonly agent: AgentName;
  readonly agents: number;
  /** Takes the compiled module that lies beside the source: a smoke test has no time for the compiler. */
  readonly prebuilt?: boolean;
  /** Columns of the table besides `id`, and the row of one agent. */
  readonly columns: readonly string[];
  readonly row: (agent: number) => readonly (string | number)[];
  /** Sources written beside the agent's, by name. */
  readonly sources?: Readonly<Record<string, string>>;
  /** YAML of the agents' entry below `each`, `id` and `module`. */
  readonly entry: readonly string[];
  /** Another module of the same world, and YAML of the entries of its agents. */
  readonly second?: { readonly agent: AgentName; readonly entries: readonly string[] };
  /** Lines of engine.yaml beside the others. */
  readonly lines?: readonly string[];
  /** Virtual milliseconds of a tick; default 1. */
  readonly tickMs?: number;
  /** Ticks between snapshots; default: none but at the end. */
  readonly snapshotEvery?: number;
}

export interface WorldFolder {
  readonly folder: string;
  readonly config: string;
  /** A run folder that does not exist yet. */
  runFolder(name: string): string;
  /** Bytes of such a run folder, and of the event log in it. */
  runBytes(name: string): number;
  logBytes(name: string): number;
  remove(): void;
}

export function createWorldFolder(plan: WorldPlan): WorldFolder {
  const folder = join(benchFolder, ".wasm-engine", `${plan.name}-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "agents"), { recursive: true });
  // Sources import what lies beside them.
  cpSync(join(benchFolder, "worlds", worldOf(plan.agent), "agents"), join(folder, "agents"), {
    recursive: true,
  });
  for (const [name, text] of Object.entries(plan.sources ?? {}))
    writeFileSync(join(folder, "agents", name), text);
  const rows = [["id", ...plan.columns].join(",")];
  for (let agent = 0; agent < plan.agents; agent += 1) rows.push([`s${agent}`, ...plan.row(agent)].join(","));
  writeFileSync(join(folder, "agents.csv"), `${rows.join("\n")}\n`);
  const config = join(folder, "engine.yaml");
  writeFileSync(config, engineYaml(plan, folder));
  return {
    folder,
    config,
    runFolder: (name) => join(folder, "runs", name),
    runBytes: (name) => folderBytes(join(folder, "runs", name)),
    logBytes: (name) => folderBytes(join(folder, "runs", name, "log")),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Bytes of all files below a folder. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? folderBytes(path) : statSync(path).size;
  }
  return bytes;
}

/** Folder in bench/worlds: the name of the agent up to the first hyphen, unless it lives in another one's world. */
export function worldOf(agent: AgentName): string {
  if (agent === "talker") return "npc";
  return agent.split("-")[0] ?? agent;
}

/** A fresh machine has no C compiler: that module is committed. So are those of worlds that smoke tests make. */
function agentFileOf({ agent, prebuilt = false }: WorldPlan): string {
  return `agents/${agent}${prebuilt || agent === "echo-c" ? ".wasm" : ".ts"}`;
}

/** A module that is not built here is told by its digest. */
function moduleYaml(plan: WorldPlan, folder: string): string {
  const file = agentFileOf(plan);
  if (!file.endsWith(".wasm")) return `./${file}`;
  const digest = createHash("sha256")
    .update(readFileSync(join(folder, file)))
    .digest("hex");
  return `{ path: ./${file}, digest: ${digest} }`;
}

/** Nothing but what the world is: every limit and every policy has its default. */
function engineYaml(plan: WorldPlan, folder: string): string {
  const { snapshotEvery, second } = plan;
  const modules = [plan, ...(second === undefined ? [] : [{ ...plan, agent: second.agent }])].map(
    (each) => `${each.agent}: ${moduleYaml(each, folder)}`,
  );
  return [
    "version: 1",
    `name: ${plan.name}`,
    "seed: 1",
    `clock: { tickMs: ${plan.tickMs ?? 1} }`,
    ...(snapshotEvery === undefined ? [] : [`snapshotEvery: ${snapshotEvery}`]),
    "durability: sync",
    ...(plan.lines ?? []),
    `modules: { ${modules.join(", ")} }`,
    "agents:",
    "  - each: ./agents.csv",
    '    id: "{id}"',
    `    module: ${plan.agent}`,
    ...plan.entry.map((line) => `    ${line}`),
    ...(second?.entries ?? []).map((entry) => `  - ${entry}`),
    "",
  ].join("\n");
}

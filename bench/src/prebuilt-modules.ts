/**
 * `node bench/dist/prebuilt-modules.js`: compiles the agents that smoke tests take as they are, and writes down which
 * source each is of, so that a test tells when one has to be made again.
 */

import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadConfig } from "wasm-engine";
import { benchFolder, createWorldFolder, worldOf } from "./world-folder.js";
import type { AgentName } from "./world-folder.js";

const agents = ["idle", "npc", "talk", "talker", "tally"] as const satisfies readonly AgentName[];
const listFile = join(benchFolder, "worlds/prebuilt.json");

/** Digests of the sources now, by agent. */
export function sourceDigests(): Readonly<Record<string, string>> {
  const digest = (agent: AgentName): string => {
    const hash = createHash("sha256").update(readFileSync(agentFile(agent, "ts")));
    if (worldOf(agent) === "npc") hash.update(readFileSync(agentFile("npc", "ts", "-body")));
    return hash.digest("hex");
  };
  return Object.fromEntries(agents.map((agent) => [agent, digest(agent)]));
}

/** The same when the modules were compiled. */
export function prebuiltDigests(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(listFile, "utf8")) as Readonly<Record<string, string>>; // written below
}

async function compile(agent: AgentName): Promise<void> {
  const folder = createWorldFolder({
    name: `prebuilt-${agent}`,
    agent,
    agents: 1,
    columns: [],
    row: () => [],
    entry: ['capabilities: { send: ["*"], models: [speech] }'],
    lines: ["models: { speech: { failing: refuse } }"],
  });
  try {
    await loadConfig(folder.config);
    const cache = join(folder.folder, ".wasm-engine/build/cache");
    const [module = ""] = readdirSync(cache).filter((name) => name.endsWith(".wasm"));
    copyFileSync(join(cache, module), agentFile(agent, "wasm"));
  } finally {
    folder.remove();
  }
}

/** `part`: of the name, of a source that others import. */
function agentFile(agent: AgentName, extension: "ts" | "wasm", part = ""): string {
  return join(benchFolder, "worlds", worldOf(agent), "agents", `${agent}${part}.${extension}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const agent of agents) await compile(agent);
  writeFileSync(listFile, `${JSON.stringify(sourceDigests(), undefined, 2)}\n`);
}

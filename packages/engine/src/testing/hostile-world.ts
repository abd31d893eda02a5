/**
 * A world of two tenants: strangers that wander about among themselves, and either the hostile agents or, under the
 * same ids, agents that do nothing.
 */

import { mkdirSync } from "node:fs";
import { limits } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, Genesis, Policy } from "@wasm-engine/core";
import { scriptGuest } from "../../../executor/dist/testing/script-guest.js";
import type { ResolvedModule, ResolvedWorld } from "../world/contract.js";
import { BOMB, HOSTILE_AGENTS, HOSTILE_CHILD_MODULE, STRANGERS } from "./hostile-agents.js";
import type { HostileAgent } from "./hostile-agents.js";
import { sampleModule, sampleSpec } from "./sample-world.js";
import { wandererText } from "./wanderer-guest.js";

export interface HostileWorldOptions {
  readonly directory: string;
  /** What the agents of tenant "hostile" are. */
  readonly hostile: boolean;
  readonly policy?: Policy;
  readonly depthBytes: number;
  readonly seed?: number;
}

/** Ticks of a hostile world. */
export const HOSTILE_WORLD_TICKS = 36;
/** Small enough for the native stack of a test. */
export const SMALL_DEPTH_BYTES: number = 64 * 1024;

const quietText = `(module (memory (export "memory") 1)
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0)))`;

const strangerText = wandererText({
  prefix: "calm.s",
  childModule: "stranger",
  faultOneIn: 40,
  burnMax: 6000,
  exitOneIn: 0,
});

export function hostileId(index: number): string {
  return `h${index}`;
}

function strangerSpec(id: string, index: number, module: ModuleDigest): AgentSpec {
  return sampleSpec(id, module, {
    tenant: "calm",
    every: index % 3,
    capabilities: {
      send: ["calm.*"],
      topics: ["calm.*"],
      models: ["calm.*"],
      tools: [],
      spawn: ["stranger"],
    },
    limits: {
      fuelPerSlice: 20_000,
      fuelPerTurnMax: 80_000,
      memoryBytes: 6 * limits.wasmPageBytes,
      mailboxMessages: 20,
      messagesPerTurnMax: 20,
    },
    onFault: { strategy: "restart", from: index % 2 === 0 ? "good" : "fresh", max: 1000, withinTicks: 10 },
    channels: [`calm.s${index}`, "calm.s9"],
  });
}

function hostileSpec(index: number, agent: HostileAgent, module: ModuleDigest): AgentSpec {
  return sampleSpec(hostileId(index), module, {
    tenant: "hostile",
    priority: 9,
    every: agent.every ?? 0,
    // Strangers may be looked up and listened to; nothing may be sent to them.
    capabilities: {
      send: ["h*"],
      topics: agent.name === "joins every topic" ? ["*"] : ["t", "a*"],
      models: [],
      tools: [],
      spawn: ["*"],
    },
    limits: {
      fuelPerSlice: 2_000_000,
      fuelPerTurnMax: 2_000_000,
      memoryBytes: 8 * limits.wasmPageBytes,
      mailboxMessages: 100,
      messagesPerTurnMax: 16,
    },
    onFault: { strategy: "restart", from: "good", max: 1_000_000, withinTicks: 1, ...agent.onFault },
  });
}

export async function hostileWorld(options: HostileWorldOptions): Promise<ResolvedWorld> {
  const { directory, hostile, policy = "round-robin", depthBytes, seed = 5 } = options;
  const modules = new Map<ModuleDigest, ResolvedModule>();
  const names: Record<string, ModuleDigest> = {};
  const add = async (name: string, text: string): Promise<ModuleDigest> => {
    const [digest, module] = await sampleModule(name, text);
    modules.set(digest, module);
    names[name] = digest;
    return digest;
  };
  const stranger = await add("stranger", strangerText);
  const quiet = await add("quiet", quietText);
  const script = await add(HOSTILE_CHILD_MODULE, scriptGuest());
  const own = new Map<string, ModuleDigest>();
  for (const { text } of HOSTILE_AGENTS) {
    if (text === undefined || own.has(text)) continue;
    own.set(text, await add(text === BOMB.text ? "bomb" : `own${own.size}`, text));
  }
  const moduleOf = (text: string | undefined): ModuleDigest =>
    hostile ? (text === undefined ? script : (own.get(text) ?? script)) : quiet;
  const genesis: Genesis = {
    semantics: 1,
    name: "hostile",
    seed,
    epochNanos: 978_307_200_000_000_000n,
    tickNanos: 1_000_000_000n,
    policy,
    stride: 2_654_435,
    shards: 16,
    stateHashEvery: 4,
    turnsPerTickMax: 400,
    retainTicks: 20,
    agentsMax: HOSTILE_AGENTS.length + STRANGERS.length + 40,
    depthBytes,
    modules: names,
    tenants: [
      {
        name: "calm",
        fuelPerTick: 90_000,
        turnsPerTick: 5,
        messagesPerTick: 60,
        agentsMax: STRANGERS.length + 3,
        elastic: false,
      },
      {
        name: "hostile",
        fuelPerTick: 600_000_000,
        turnsPerTick: 390,
        messagesPerTick: 10_000,
        agentsMax: HOSTILE_AGENTS.length + 37,
        elastic: false,
      },
    ],
    agents: [
      ...STRANGERS.map((id, index) => strangerSpec(id, index, stranger)),
      ...HOSTILE_AGENTS.map((agent, index) => hostileSpec(index, agent, moduleOf(agent.text))),
    ],
    models: ["calm.s0", "calm.s1"],
    tools: ["calm.s0"],
  };
  mkdirSync(directory, { recursive: true });
  return {
    genesis,
    modules,
    inputs: [],
    outputs: [],
    stop: { when: "tick", tick: HOSTILE_WORLD_TICKS },
    durability: "periodic",
    ticksAheadMax: 64,
    baseDirectory: directory,
  };
}

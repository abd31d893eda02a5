/**
 * A random world from a seed: agents that wander, tenants, limits, policies, fault policies, a file of records, and
 * what a program asks of the world at which tick. Everything is a function of the seed.
 */

import { limits } from "@wasm-engine/abi";
import type { AgentSpec, Policy, TenantSpec } from "@wasm-engine/core";
import type { RunningWorld } from "../client/running-world.js";
import { SeededRandom } from "../../../core/dist/testing/seeded-random.js";
import { sampleModule, sampleSpec, writeRecords } from "./sample-world.js";
import type { ResolvedModule, ResolvedWorld } from "../world/contract.js";
import type { ModuleDigest } from "@wasm-engine/abi";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { wandererText } from "./wanderer-guest.js";

/** One call of a program; `key` tells whether the log holds it already. */
export interface PlannedCall {
  readonly key: string;
  readonly call: (world: RunningWorld, key: string) => Promise<unknown>;
}

export interface RandomPlan {
  readonly seed: number;
  readonly ticks: number;
  readonly snapshotEvery: number;
  /** Calls by tick, ascending. */
  readonly calls: ReadonlyMap<number, readonly PlannedCall[]>;
  /** The world with its files in `directory`. */
  world(directory: string, snapshotEvery: number | undefined): Promise<ResolvedWorld>;
}

const names = ["w0", "w1", "w2", "w3", "w4", "w5", "w6"];
const everyone = [...names, "w7", "w8", "w9", "nobody"];
const modules = ["wanderer", "wanderer2"] as const;
/** Small enough for the native stack of a test. */
const depthBytes: number = 64 * 1024;

export function randomPlan(seed: number): RandomPlan {
  const random = new SeededRandom(seed);
  const ticks = 30 + random.below(30);
  const tenants = randomTenants(random);
  const tenantOf = (): string => (tenants.length === 0 ? "default" : random.pick(tenants).name);
  const text = {
    prefix: "w",
    childModule: random.pick(modules),
    burnMax: random.pick([20, 200, 3000]),
  } as const;
  const faultOneIn = random.pick([0, 15, 60]);
  const exitOneIn = random.pick([0, 0, 200]);
  const drafts = names.map((id) => randomSpec(random, id, tenantOf()));
  const genesis = {
    semantics: 1,
    name: `random-${seed}`,
    seed,
    epochNanos: 978_307_200_000_000_000n,
    tickNanos: 1_000_000_000n,
    policy: random.pick<Policy>(["fifo", "priority", "round-robin"]),
    stride: random.below(2 ** 31),
    shards: 1 + random.below(20),
    stateHashEvery: 1 + random.below(9),
    turnsPerTickMax: tenants.length === 0 ? 3 + random.below(10) : 20,
    retainTicks: 3 + random.below(20),
    agentsMax: tenants.length === 0 ? names.length + random.below(6) : 2 * names.length + 5,
    depthBytes,
    tenants,
    models: ["w0", "w1"],
    tools: ["w2"],
  };
  const records = random.below(60);
  const snapshotEvery = 2 + random.below(9);
  const calls = randomCalls(random, ticks, tenantOf);
  return {
    seed,
    ticks,
    snapshotEvery,
    calls,
    world: async (directory, every) => {
      const built = new Map<ModuleDigest, ResolvedModule>();
      const digests: Record<string, ModuleDigest> = {};
      for (const [index, name] of modules.entries()) {
        const wanderer = wandererText({ ...text, faultOneIn, exitOneIn, version: index + 1 });
        const [digest, module] = await sampleModule(name, wanderer);
        digests[name] = digest;
        built.set(digest, module);
      }
      const agents = drafts.map((draft) => draft(digests));
      mkdirSync(directory, { recursive: true });
      const file = writeRecords(directory, { count: records, span: ticks, ids: names });
      return {
        genesis: { ...genesis, modules: digests, agents },
        modules: built,
        inputs: [{ path: file, format: "jsonl", at: "tick", to: "{to}", topic: "record" }],
        outputs: ["w0", "w1", "w2"].map((topic) => ({ topic, path: join(directory, `${topic}.jsonl`) })),
        stop: { when: "tick", tick: ticks },
        durability: "periodic",
        ticksAheadMax: 1 + (seed % 64),
        ...(every === undefined ? {} : { snapshotEvery: every }),
        baseDirectory: directory,
      };
    },
  };
}

function randomTenants(random: SeededRandom): readonly TenantSpec[] {
  if (random.oneIn(2)) return [];
  return ["x", "y"].map((name) => ({
    name,
    fuelPerTick: 5000 + random.below(100_000),
    turnsPerTick: 1 + random.below(6),
    messagesPerTick: 1 + random.below(60),
    agentsMax: names.length + random.below(3),
    elastic: random.oneIn(3),
  }));
}

type Digests = Readonly<Record<string, ModuleDigest>>;

function randomSpec(random: SeededRandom, id: string, tenant: string): (digests: Digests) => AgentSpec {
  const fuelPerSlice = random.pick([2000, 8000, 50_000]);
  const name = random.pick(modules);
  const overrides: Partial<AgentSpec> = {
    args: { id },
    tenant,
    priority: random.below(5) - 2,
    every: random.oneIn(4) ? 0 : 1 + random.below(5),
    capabilities: {
      send: random.oneIn(5) ? ["w1", "w2"] : ["*"],
      topics: ["w*"],
      models: random.oneIn(2) ? ["*"] : [],
      tools: ["*"],
      spawn: random.oneIn(2) ? ["*"] : [],
    },
    limits: {
      fuelPerSlice,
      fuelPerTurnMax: fuelPerSlice * random.pick([1, 3, 20]),
      memoryBytes: (3 + random.below(4)) * limits.wasmPageBytes,
      mailboxMessages: 1 + random.below(20),
      messagesPerTurnMax: 1 + random.below(20),
    },
    onFault: {
      strategy: random.oneIn(6) ? random.pick(["stop", "escalate"]) : "restart",
      from: random.pick(["good", "fresh"]),
      max: 1 + random.below(9),
      withinTicks: 1 + random.below(12),
    },
    channels: random.oneIn(2) ? [random.pick(everyone)] : [],
  };
  return (digests) => sampleSpec(id, moduleOf(digests, name), overrides);
}

function moduleOf(digests: Digests, name: string): ModuleDigest {
  const digest = digests[name];
  if (digest === undefined) throw new Error(`no module ${name}`);
  return digest;
}

function randomCalls(
  random: SeededRandom,
  ticks: number,
  tenantOf: () => string,
): ReadonlyMap<number, readonly PlannedCall[]> {
  const calls = new Map<number, readonly PlannedCall[]>();
  for (let tick = 1; tick < ticks; tick += 1 + random.below(8)) {
    const count = 1 + random.below(4);
    calls.set(
      tick,
      Array.from({ length: count }, (_, index) => ({
        key: `call-${tick}-${index}`,
        call: randomCall(random, tick, tenantOf()),
      })),
    );
  }
  return calls;
}

function randomCall(random: SeededRandom, tick: number, tenant: string): PlannedCall["call"] {
  const agent = random.pick(everyone);
  const number = random.below(1000);
  const topic = random.pick(everyone);
  switch (random.below(10)) {
    case 0:
      return (world, key) => world.publish(topic, { number }, { key });
    case 1:
      // The answer may never come; what matters is that the question is in the log.
      return (world, key) => {
        world.ask(agent, { number }, { key }).catch(() => undefined);
        return Promise.resolve();
      };
    case 2: {
      const id = random.pick(["w7", "w8", "w9"]);
      const every = 1 + random.below(4);
      const capabilities = { send: ["*"], topics: ["w*"] };
      const spec = { id, tenant, module: random.pick(modules), every, capabilities };
      return (world, key) => world.spawnAgent(spec, { key });
    }
    case 3: {
      const task = {
        taskId: random.pick(everyone),
        payload: { number },
        dependsOn: random.oneIn(2) ? [random.pick(everyone)] : [],
        onDependencyFailure: random.pick(["fail", "skip", "run"] as const),
        notBefore: tick + random.below(9),
      };
      return (world, key) => world.scheduleTask(agent, task, { key });
    }
    case 4:
      return (world, key) => world.joinChannel(agent, topic, { key });
    case 5:
      return (world, key) => world.leaveChannel(agent, topic, { key });
    case 6: {
      const module = random.pick(modules);
      const drainTicks = random.pick([0, 0, 4, 40]);
      return (world, key) => world.upgradeAgent(agent, module, { key, drainTicks });
    }
    case 7: {
      const action = random.oneIn(4)
        ? random.pick(["stop", "terminate"] as const)
        : random.pick(["pause", "resume"] as const);
      return (world, key) => world.controlAgent(agent, action, { key });
    }
    default:
      return (world, key) => world.send(agent, { number }, { key });
  }
}

/** A small world of scripted guests with file inputs and an output: what the tests of the world host run. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import { limits } from "@wasm-engine/abi";
import type { AgentSpec, Genesis, Policy } from "@wasm-engine/core";
import { digestOf, instrument } from "@wasm-engine/wasm";
import wabt from "wabt";
import { nodeHasher } from "../crypto/node-crypto.js";
import type { Durability, ResolvedModule, ResolvedWorld, StopRule } from "../world/contract.js";
import { folderText } from "./guest-text.js";

export interface SampleOptions {
  /** Fresh folder of the test. */
  readonly directory: string;
  readonly seed?: number;
  readonly agents?: number;
  readonly records?: number;
  /** Ticks over which the records are spread. */
  readonly span?: number;
  readonly stop?: StopRule;
  readonly durability?: Durability;
  readonly policy?: Policy;
  readonly snapshotEvery?: number;
  readonly stateHashEvery?: number;
  /** Guest text instead of `folderText`. */
  readonly text?: string;
}

/** A module as configuration would resolve it. */
export async function sampleModule(name: string, text: string): Promise<[ModuleDigest, ResolvedModule]> {
  const assembler = await wabt();
  const parsed = assembler.parseWat(`${name}.wat`, text);
  const bytes = new Uint8Array(parsed.toBinary({}).buffer);
  parsed.destroy();
  const digest = digestOf(bytes, (value) => nodeHasher.sha256(value));
  return [digest, { name, bytes, instrumented: instrument(bytes).bytes }];
}

export function sampleSpec(id: string, module: ModuleDigest, overrides: Partial<AgentSpec> = {}): AgentSpec {
  return {
    id: id as AgentId, // brand: test data
    module,
    args: { id },
    tenant: "default",
    priority: 0,
    every: 0,
    capabilities: { send: ["*"], topics: ["*"], models: [], tools: [], spawn: [] },
    limits: {
      fuelPerSlice: 1_000_000,
      fuelPerTurnMax: 1_000_000,
      memoryBytes: 4 * limits.wasmPageBytes,
      mailboxMessages: 1000,
      messagesPerTurnMax: 100,
    },
    onFault: { strategy: "stop", from: "good", max: 3, withinTicks: 100 },
    channels: [],
    ...overrides,
  };
}

/** Agents a1 … an with cadences, and `sink`; records for each of them; everything published goes to out.jsonl. */
export async function sampleWorld(options: SampleOptions): Promise<ResolvedWorld> {
  const { directory, agents = 5, records = 120, span = 60 } = options;
  const [digest, module] = await sampleModule("folder", options.text ?? folderText);
  const ids = Array.from({ length: agents }, (_, index) => `a${index + 1}`);
  const genesis: Genesis = {
    semantics: 1,
    name: "sample",
    seed: options.seed ?? 2001,
    epochNanos: 978_307_200_000_000_000n,
    tickNanos: 1_000_000_000n,
    policy: options.policy ?? "round-robin",
    stride: 1,
    shards: 16,
    stateHashEvery: options.stateHashEvery ?? 8,
    turnsPerTickMax: 1000,
    retainTicks: 1000,
    agentsMax: 1000,
    depthBytes: limits.depthBytes,
    modules: { folder: digest },
    tenants: [],
    agents: [
      ...ids.map((id, index) => sampleSpec(id, digest, { every: index + 2 })),
      sampleSpec("sink", digest),
    ],
    models: [],
    tools: [],
  };
  mkdirSync(directory, { recursive: true });
  const file = writeRecords(directory, { count: records, span, ids });
  return {
    genesis,
    modules: new Map([[digest, module]]),
    inputs: [{ path: file, format: "jsonl", at: "tick", to: "{to}", topic: "record" }],
    outputs: [{ topic: "score", path: join(directory, "out.jsonl") }],
    stop: options.stop ?? { when: "tick", tick: span + 10 },
    durability: options.durability ?? "sync",
    // Small, so that a killed run has most of its ticks on the disk however slow that is.
    ticksAheadMax: 8,
    // Never by the clock: tests count what a run does.
    snapshotEvery: options.snapshotEvery ?? 1_000_000,
    baseDirectory: directory,
  };
}

/** An input file of `count` records for `ids` in turn, spread over `span` ticks. */
export function writeRecords(
  directory: string,
  options: { readonly count: number; readonly span: number; readonly ids: readonly string[] },
): string {
  const { count, span, ids } = options;
  const file = join(directory, "records.jsonl");
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ tick: Math.floor((index * span) / count), to: ids[index % ids.length], n: index }),
  );
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

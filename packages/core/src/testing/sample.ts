/** A small genesis, inputs and commits that tests of the formats share. */

import { Encoding, encodeUtf8, type AgentId, type ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, Commit, Genesis, Input } from "../model.js";

export const sampleModule = "ab".repeat(32) as ModuleDigest; // brand: 64 hex digits

export function sampleSpec(id: string): AgentSpec {
  return {
    id: id as AgentId, // brand: test data
    module: sampleModule,
    args: { lat: 41.5, tags: ["a", null, true], n: -3 },
    tenant: "default",
    priority: -1,
    every: 2,
    capabilities: { send: ["*"], topics: [], models: ["delay"], tools: [], spawn: [] },
    limits: {
      fuelPerSlice: 1000,
      fuelPerTurnMax: 2000,
      memoryBytes: 65_536,
      mailboxMessages: 16,
      messagesPerTurnMax: 8,
    },
    onFault: { strategy: "restart", from: "good", max: 3, withinTicks: 10 },
    channels: ["news"],
  };
}

export const sampleGenesis: Genesis = {
  semantics: 1,
  name: "sample",
  seed: 2001,
  epochNanos: 978_307_200_000_000_000n,
  tickNanos: 600_000_000_000n,
  policy: "fifo",
  stride: 1,
  shards: 16,
  stateHashEvery: 4,
  turnsPerTickMax: 1000,
  retainTicks: 100,
  agentsMax: 1000,
  depthBytes: 1_048_576,
  modules: { airport: sampleModule },
  tenants: [
    {
      name: "default",
      fuelPerTick: 1_000_000,
      turnsPerTick: 500,
      messagesPerTick: 4000,
      agentsMax: 900,
      elastic: false,
    },
  ],
  agents: [sampleSpec("ORD"), sampleSpec("arbiter")],
  models: ["delay"],
  tools: [],
};

export function sampleInput(seq: number, tick: number): Input {
  return {
    seq,
    tick,
    body: {
      kind: "message",
      to: "ORD" as AgentId, // brand: test data
      topic: "departure",
      encoding: Encoding.JSON,
      payload: encodeUtf8(`{"n":${seq}}`),
      answerWanted: false,
    },
    source: [0, seq - 1],
  };
}

/** Without inputs digest; with a state hash where the sample genesis asks for one. */
export function sampleCommit(tick: number, inputsDigest?: Uint8Array): Commit {
  return {
    tick,
    fuel: 12_345 + tick,
    effectsDigest: new Uint8Array(32).fill(tick % 251),
    ...(inputsDigest === undefined ? {} : { inputsDigest }),
    ...(tick % sampleGenesis.stateHashEvery === 0 ? { stateHash: new Uint8Array(32).fill(7) } : {}),
  };
}

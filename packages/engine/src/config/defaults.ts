/** Defaults of engine.yaml. The schema states the same numbers to editors; a test compares both. */

import { limits } from "@wasm-engine/abi";
import type { AgentLimits, FaultPolicy, Policy, ProviderName } from "@wasm-engine/core";
import type { Durability } from "../world/contract.js";
import { agentsCeiling } from "./limits.js";

interface EngineDefaults {
  readonly providers: readonly ProviderName[];
  readonly seed: number;
  readonly tickMs: number;
  readonly epoch: string;
  readonly when: string;
  readonly policy: Policy;
  readonly stride: number;
  readonly shards: number;
  readonly stateHashEvery: number;
  readonly turnsPerTickMax: number;
  readonly retainTicks: number;
  readonly agentsMax: number;
  readonly durability: Durability;
  readonly ticksAheadMax: number;
  readonly tenant: string;
  readonly limits: AgentLimits;
  readonly onFault: FaultPolicy;
}

export const ENGINE_DEFAULTS: EngineDefaults = {
  // The one provider with the same bits everywhere: live runs of two machines agree unless somebody asks for speed.
  providers: ["wasm"],
  seed: 0,
  tickMs: 100,
  epoch: "1970-01-01T00:00:00Z",
  when: "idle",
  policy: "fifo",
  stride: 1,
  shards: 16,
  stateHashEvery: 64,
  turnsPerTickMax: 1_000_000,
  retainTicks: 10_000,
  agentsMax: agentsCeiling,
  durability: "sync",
  ticksAheadMax: 256,
  tenant: "default",
  limits: {
    fuelPerSlice: limits.fuelPerSliceDefault,
    fuelPerTurnMax: limits.fuelPerSliceDefault,
    memoryBytes: limits.memoryBytesMaxDefault,
    mailboxMessages: limits.mailboxMessagesMaxDefault,
    messagesPerTurnMax: limits.messagesPerTurnMaxDefault,
  },
  onFault: { strategy: "stop", from: "good", max: 3, withinTicks: 1000 },
};

/**
 * Plain data that enters the world or leaves it. Everything here has one canonical CBOR
 * form (see spec/event-log.md).
 */

import type { AgentHandle, AgentId, Encoding, ModuleDigest } from "@wasm-engine/abi";
import type { ProviderName } from "./inference-port.js";
import type { AgentLimits } from "./ports.js";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deny by default: an absent list grants nothing. `*` grants all; a trailing `*` matches a prefix. */
export interface Capabilities {
  readonly send: readonly string[];
  readonly topics: readonly string[];
  readonly models: readonly string[];
  readonly tools: readonly string[];
  /** Module names that may be spawned. */
  readonly spawn: readonly string[];
}

export interface FaultPolicy {
  readonly strategy: "restart" | "stop" | "escalate";
  /** good: the state before the faulting invocation; fresh: new memory, init and start again. */
  readonly from: "good" | "fresh";
  /** More faults than this within `withinTicks` stop the agent. */
  readonly max: number;
  readonly withinTicks: number;
}

/** Fully resolved: no defaults are left open. */
export interface AgentSpec {
  readonly id: AgentId;
  readonly module: ModuleDigest;
  readonly args: Json;
  readonly tenant: string;
  /** Higher runs first under policy `priority`. Integer. */
  readonly priority: number;
  /** Cadence in ticks; 0 = none. */
  readonly every: number;
  readonly capabilities: Capabilities;
  readonly limits: AgentLimits;
  readonly onFault: FaultPolicy;
  /** Topics (channels) joined from the first tick on. */
  readonly channels: readonly string[];
}

export interface TenantSpec {
  readonly name: string;
  /** Reserved fuel per tick. */
  readonly fuelPerTick: number;
  /** Reserved turns per tick; the sum over tenants is at most turnsPerTickMax. */
  readonly turnsPerTick: number;
  /** Reserved messages per tick, sent and published. */
  readonly messagesPerTick: number;
  /** Reserved places for live agents; the sum over tenants is at most that of the world. */
  readonly agentsMax: number;
  /** May use what others leave (gives up isolation of timing across tenants). */
  readonly elastic: boolean;
}

export type Policy = "fifo" | "priority" | "round-robin";

/** Everything world-visible that a run starts from. Its digest is the start of the chain. */
/** What the manifest of a module asks for at least. */
export interface ModuleLimits {
  readonly fuelPerSlice?: number;
  readonly memoryBytes?: number;
}

export interface Genesis {
  /** One number for everything that can change a chain. */
  readonly semantics: number;
  readonly name: string;
  readonly seed: number;
  readonly epochNanos: bigint;
  readonly tickNanos: bigint;
  readonly policy: Policy;
  /** round-robin: rotation per tick. */
  readonly stride: number;
  readonly shards: number;
  readonly stateHashEvery: number;
  readonly turnsPerTickMax: number;
  readonly retainTicks: number;
  readonly agentsMax: number;
  readonly depthBytes: number;
  /** Module names that specs and `spawn` may use. */
  readonly modules: { readonly [name: string]: ModuleDigest };
  /** What modules need at least, by digest: guests start no children with less. Absent where none says anything. */
  readonly moduleLimits?: { readonly [digest: string]: ModuleLimits };
  /** Empty means one tenant `default` with everything. */
  readonly tenants: readonly TenantSpec[];
  readonly agents: readonly AgentSpec[];
  /** Names of models and tools that the world may ask. */
  readonly models: readonly string[];
  readonly tools: readonly string[];
}

export interface TaskSpec {
  readonly taskId: string;
  readonly agentId: AgentId;
  readonly priority: number;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly dependsOn: readonly string[];
  readonly onDependencyFailure: "fail" | "skip" | "run";
  /** First tick at which it may run; 0 = as soon as possible. */
  readonly notBefore: number;
}

/** What enters the world from outside, in log order within a tick. */
export type InputBody =
  | {
      readonly kind: "message";
      readonly to: AgentId;
      readonly topic: string;
      readonly encoding: Encoding;
      readonly payload: Uint8Array;
      /** An answer is expected outside (`ask`). */
      readonly answerWanted: boolean;
    }
  | {
      readonly kind: "publish";
      readonly topic: string;
      readonly encoding: Encoding;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "task"; readonly task: TaskSpec }
  | { readonly kind: "spawn"; readonly spec: AgentSpec }
  | { readonly kind: "stop" | "terminate" | "pause" | "resume"; readonly agent: AgentId }
  | {
      readonly kind: "upgrade";
      readonly agent: AgentId;
      readonly module: ModuleDigest;
      /** Ticks for which it may wait until the agent has no request pending. Absent: it waits for none. */
      readonly drainTicks?: number;
    }
  | { readonly kind: "join" | "leave"; readonly agent: AgentId; readonly topic: string }
  /** From this tick on nothing passes between the agent and anybody else: see `world/cut-table.ts`. For forks. */
  | { readonly kind: "cut"; readonly agent: AgentId }
  /** From this tick on nothing that is published to the topic reaches anybody. For forks. */
  | { readonly kind: "cut-topic"; readonly topic: string }
  /** Another execution provider answers `model` from now on: no effect on the world, a place in the inputs digest. */
  | {
      readonly kind: "provider-changed";
      readonly model: string;
      readonly from: ProviderName;
      readonly to: ProviderName;
      /** A closed set of words: texts of an engine never enter the log. */
      readonly reason: "run-failed";
    }
  /** From this tick on `by` answers what `model` is asked; both are names of the genesis. No effect on the world. */
  | { readonly kind: "model-swapped"; readonly model: string; readonly by: string }
  | {
      readonly kind: "result";
      /** Requesting agent and its request id. */
      readonly agent: AgentHandle;
      readonly requestId: number;
      readonly source: "inference" | "token" | "tool";
      readonly ok: boolean;
      readonly last: boolean;
      readonly encoding: Encoding;
      readonly payload: Uint8Array;
    };

export interface Input {
  /** Position among all inputs of the run, from 1. */
  readonly seq: number;
  readonly tick: number;
  readonly body: InputBody;
  /** Idempotency key: a second input with the same key within retainTicks is ignored by the world. */
  readonly key?: string;
  /** Where a file input came from: [index in `inputs`, record number from 0]; lets a resumed run go on. */
  readonly source?: readonly [number, number];
}

/** One tick as stored and chained. */
export interface Commit {
  readonly tick: number;
  readonly fuel: number;
  readonly effectsDigest: Uint8Array;
  /** Present exactly when the tick had inputs. */
  readonly inputsDigest?: Uint8Array;
  /** Present exactly when tick mod stateHashEvery = 0. */
  readonly stateHash?: Uint8Array;
}

/** A request that leaves the world (inference, tool). */
export interface ExternalRequest {
  readonly kind: "inference" | "tool";
  readonly agent: AgentHandle;
  readonly requestId: number;
  readonly name: string;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly tick: number;
  readonly emissionIndex: number;
}

/** A message that leaves the world: an answer to an outside request, or a publish that outputs may follow. */
export interface Departure {
  readonly kind: "answer" | "publish";
  readonly agentId: AgentId;
  readonly topic: string;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly flags: number;
  /** kind answer: seq of the input that asked. */
  readonly inputSeq?: number;
}

export interface DeadLetter {
  readonly tick: number;
  readonly agentId: AgentId | "";
  readonly reason:
    | "FAULT"
    | "MAILBOX_FULL"
    | "UNDELIVERABLE"
    | "DENIED"
    | "TERMINATED"
    | "TASK_FAILED"
    | "DUPLICATE"
    | "CUT";
  readonly message: Uint8Array;
  readonly faultCode?: number;
}

/** Counters of one executed tick; never hashed. */
export interface TickFigures {
  readonly turns: number;
  readonly invocations: number;
  readonly messages: number;
  readonly faults: number;
  readonly inferences: number;
}

/** A request that waits for its last answer, for people and programs. */
export interface PendingView {
  readonly requestId: number;
  readonly kind: "send" | "timer" | "task" | "inference" | "tool";
  /** Agent, task, model or tool that is asked; empty for a timer. */
  readonly name: string;
  /** Tick of the turn that made it; -1: it comes from a snapshot that does not say. */
  readonly sinceTick: number;
  /** First tick at which it is answered TIMEOUT, or the tick of a timer; 0 = never. */
  readonly deadlineTick: number;
}

/** How an upgrade has ended. Never hashed. */
export interface UpgradeReport {
  readonly agentId: AgentId;
  readonly module: ModuleDigest;
  /** imported: with its state; fresh: with new memory; refused: the old version stays. */
  readonly result: "imported" | "fresh" | "refused";
  /**
   * Of a refusal. guest: export or import failed; pending: something was pending at the deadline; replaced: by a later
   * upgrade; stopping, ended: the agent is to end, or has ended.
   */
  readonly reason?: "guest" | "pending" | "replaced" | "stopping" | "ended";
  /** Of reason `pending`: what the agent waited for. */
  readonly pending: readonly PendingView[];
}

/** A tick in the chain. */
export interface Seal {
  readonly commit: Commit;
  /** After this commit. */
  readonly chainHead: Uint8Array;
}

/** What one executed tick gives to its surroundings, sealed. Everything is recomputed on replay. */
export interface TickResult extends ExecutedTick, Seal {}

/** The same beside its seal. */
export interface ExecutedTick {
  readonly fuel: number;
  readonly departures: readonly Departure[];
  readonly requests: readonly ExternalRequest[];
  readonly deadLetters: readonly DeadLetter[];
  /** Console lines, in commit order. */
  readonly console: readonly { readonly agentId: AgentId; readonly level: number; readonly text: string }[];
  readonly faults: readonly {
    readonly agentId: AgentId;
    readonly code: number;
    readonly guestCode: number;
    /** Tick in which the faulting turn was planned, where it took several. */
    readonly plannedTick?: number;
  }[];
  /** Agents that asked for their end in this tick, with the code that they gave; no effect on the world. */
  readonly exits: readonly {
    readonly agentId: AgentId;
    readonly code: number;
    /** Tick in which its turn was planned, where it took several. */
    readonly plannedTick?: number;
  }[];
  /** Upgrades that ended in this tick. A refusal of reason `guest` or `pending` is also among the faults. */
  readonly upgrades: readonly UpgradeReport[];
  /** Ids that ended in this tick. */
  readonly ended: readonly AgentId[];
  /** An escalated fault found no supervisor, neither a living parent nor a declared tenant: the run should stop. */
  readonly unsupervised?: AgentId;
  readonly figures: TickFigures;
}

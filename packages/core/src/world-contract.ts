/**
 * The surface of the world that engines, tests and tools use. `world.ts` implements it.
 *
 * Life of a tick t: admit inputs of t - plan - execute (through Executors) - commit - seal. `step` does all
 * of it synchronously. Ticks without work are skipped by the caller: `nextDueTick` says where work is.
 */

import type { AgentHandle, AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, ExecutedTick, Genesis, Input, PendingView, Seal, TickResult } from "./model.js";
import type { Executors, Hasher, Ledger } from "./ports.js";

export interface WorldPorts {
  readonly hasher: Hasher;
  readonly executors: Executors;
}

/** Read-only view of one agent, for inspectors. */
export interface AgentView {
  readonly agentId: AgentId;
  readonly handle: AgentHandle;
  readonly spec: AgentSpec;
  readonly status: "starting" | "active" | "paused" | "busy" | "draining" | "stopped";
  readonly mailbox: readonly Uint8Array[];
  readonly pendingRequests: readonly PendingView[];
  /** An upgrade that waits, and how many messages wait for it. */
  readonly upgrade?: {
    readonly module: ModuleDigest;
    readonly sinceTick: number;
    readonly deadlineTick: number;
    readonly heldMessages: number;
  };
  readonly topics: readonly string[];
  readonly ledger: Ledger;
  readonly faults: number;
  readonly fuel: number;
}

/** Who waits for a turn and what tenants may spend, for inspectors. */
export interface ScheduleView {
  /** Runnable agents in policy order, as of the next tick. */
  readonly waiting: readonly AgentId[];
  /** Credits per declared tenant, in the order of the genesis; negative fuel is debt. */
  readonly credits: readonly { readonly tenant: string; readonly fuel: number; readonly messages: number }[];
}

export interface WorldContract {
  readonly genesis: Genesis;
  /** Last executed tick; -1 before the first. */
  readonly tick: number;
  /** After that tick: seals what is not sealed. */
  readonly chainHead: Uint8Array;
  /** The smallest tick after `tick` at which agents, tasks or timers have work of their own; undefined when idle. */
  nextDueTick(): number | undefined;
  /**
   * Executes tick `tick` (greater than `this.tick`; ticks between are empty). `inputs` are those of this tick
   * in log order. Executes also where nothing is due, so callers pass only ticks with work or inputs.
   */
  step(tick: number, inputs: readonly Input[]): TickResult;
  /**
   * The same, but the tick and those after it may be sealed later: `takeSeals` gives the seals in order. A tick that
   * covers a state hash is sealed before the next such tick is over, and before anybody reads what depends on it.
   */
  advance(tick: number, inputs: readonly Input[]): ExecutedTick;
  /** Does about `count` agents' worth of what the next seal needs; false where this thread has nothing left to do. */
  advanceSeals(count: number): boolean;
  /** Agents' worth that this thread has left of it. */
  readonly sealsLeft: number;
  /** Seals that nothing has to be waited for, each once. `all`: does what is left and gives every one. */
  takeSeals(all: boolean): readonly Seal[];
  /** State hash as of now (32 bytes), outside the chain: for snapshots and inspection. */
  stateHash(): Uint8Array;
  /** Digest per live agent sorted by id, for locating a divergence. */
  agentDigests(): readonly (readonly [AgentId, Uint8Array])[];
  /** True while a request of the agent waits for its last answer. */
  awaits(agent: AgentHandle, requestId: number): boolean;
  /** Identity of a living agent. */
  idOf(agent: AgentHandle): AgentId | undefined;
  agents(): readonly AgentView[];
  agent(id: AgentId): AgentView | undefined;
  /** The module that a living agent executes: all that there is to know before it is sent something. */
  moduleOf(id: AgentId): ModuleDigest | undefined;
  schedule(): ScheduleView;
  /** Canonical bytes of everything but the images, for a snapshot. */
  exportState(): Uint8Array;
  /** Notes the same; the result encodes it later, given the chain head after its tick. */
  beginExport(): (chainHead: Uint8Array) => Uint8Array;
}

export interface WorldFactory {
  /** A new world at tick -1. Agents of the genesis take their first turn at tick 0. */
  create(genesis: Genesis, ports: WorldPorts): WorldContract;
  /** The world of `exportState`; the executors must already hold the images of the same tick. */
  restore(genesis: Genesis, state: Uint8Array, ports: WorldPorts): WorldContract;
}

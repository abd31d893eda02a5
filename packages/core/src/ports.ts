/**
 * What the core asks of its surroundings. The core decides and performs nothing: every port is synchronous
 * and deterministic from the core's point of view.
 */

import type { AgentHandle, AgentId, FaultCode, ModuleDigest } from "@wasm-engine/abi";

/** SHA-256, synchronous. */
export interface Hasher {
  /** 32 bytes over the concatenation of `parts`. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
}

/** Resolved limits of one agent; genesis constants. Bytes, fuel, counts. */
export interface AgentLimits {
  readonly fuelPerSlice: number;
  readonly fuelPerTurnMax: number;
  readonly memoryBytes: number;
  readonly mailboxMessages: number;
  readonly messagesPerTurnMax: number;
}

/**
 * Counters that host functions advance synchronously. They are agent state: the executor restores them when
 * it rolls an invocation back, the core hashes and stores them.
 */
export interface Ledger {
  /** Requests ever started; the next request id is requests + 1. */
  readonly requests: number;
  /** Messages ever sent or published; the next messageId is messages + 1. */
  readonly messages: number;
  /** Children ever spawned. */
  readonly spawns: number;
  /** [stream name, bytes drawn], sorted by name. */
  readonly streams: readonly (readonly [string, number])[];
}

export const EMPTY_LEDGER: Ledger = { requests: 0, messages: 0, spawns: 0, streams: [] };

/** Entry points in the order in which a turn may call them. */
export type Entry = "init" | "receive" | "step" | "shutdown";

/** One call of a guest entry point, the unit of atomicity. */
export interface Invocation {
  readonly entry: Entry;
  /** `receive` and `step`: the bytes to place in guest memory (layout of abi `message.ts`), else undefined. */
  readonly message?: Uint8Array;
}

/** All work of one agent in one tick. */
export interface Turn {
  readonly agent: AgentHandle;
  readonly invocations: readonly Invocation[];
}

/** Turns in plan order. They may execute in any order on any thread. */
export interface Plan {
  readonly tick: number;
  readonly turns: readonly Turn[];
}

/** The invocation that ended a turn early. */
export interface Fault {
  /** Index into the turn's invocations. That invocation's state and effects are discarded. */
  readonly invocation: number;
  readonly code: FaultCode;
  /** GUEST_ERROR: the negative value that the guest returned, else 0. */
  readonly guestCode: number;
}

/** What a turn did. Depends on nothing but the agent's state and the plan. */
export interface TurnOutcome {
  /** Fuel charged: exact, or every slice begun in full where the turn faulted. */
  readonly fuel: number;
  /** Invocations that completed. */
  readonly completed: number;
  /** Effect records of completed invocations, in emission order (abi `effect.ts`). */
  readonly effects: Uint8Array;
  readonly ledger: Ledger;
  readonly fault?: Fault;
}

/** Changes of the population, applied in order: those of inputs before the plan, those of a commit before its seal. */
export type AgentOperation =
  | {
      readonly kind: "create";
      readonly agent: AgentHandle;
      readonly id: AgentId;
      readonly module: ModuleDigest;
      readonly limits: AgentLimits;
      /** Seed of the agent's named random streams: 32 bytes, H(world seed, id). */
      readonly streamSeed: Uint8Array;
      readonly ledger: Ledger;
    }
  /** Fresh memory, same identity (supervision `from: fresh`). The ledger is kept. */
  | { readonly kind: "reset"; readonly agent: AgentHandle }
  /** New module: exported state is imported where both offer it, else fresh memory. */
  | { readonly kind: "upgrade"; readonly agent: AgentHandle; readonly module: ModuleDigest }
  | { readonly kind: "drop"; readonly agent: AgentHandle }
  /** The multi-slice turn that this agent began has become visible: its image counts from now on. */
  | { readonly kind: "land"; readonly agent: AgentHandle };

/** What a turn may read of the world as sealed at t - 1. */
export interface SealedView {
  handleOf(id: string): AgentHandle | undefined;
  /** Virtual time of a tick: nanoseconds since 1970-01-01T00:00:00Z. */
  timeNanos(tick: number): bigint;
}

/**
 * How an upgrade ended. `imported`: the state moved and `init` must not run again. `fresh`: one of the
 * modules offers no state, memory is new and `init` is due. `refused`: the old module stays, with its state.
 */
export interface UpgradeOutcome {
  readonly agent: AgentHandle;
  readonly result: "imported" | "fresh" | "refused";
  /** Fuel of export and import; where refused, every slice begun in full. */
  readonly fuel: number;
  readonly code?: FaultCode;
  readonly guestCode?: number;
}

/** Runs turns. Adapters: in-process, threads over shared memory, child process. */
export interface Executors {
  /** Called before the plan and after the commit of `tick`. Outcomes of the upgrades among `operations`, in order. */
  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[];
  /** One outcome per turn of the plan, index by index. */
  execute(plan: Plan, view: SealedView): readonly TurnOutcome[];
  /**
   * Image digest (32 bytes) per agent: H(size, Merkle root over 4 KiB pages, mutable globals, segment flags).
   * For an agent whose multi-slice turn has not landed, of the image before that turn.
   */
  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[];
}

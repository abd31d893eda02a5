/**
 * What the core asks of its surroundings. The core decides and performs nothing: every port is synchronous
 * and deterministic from the core's point of view.
 */

import type { AgentHandle, AgentId, FaultCode, ModuleDigest } from "@wasm-engine/abi";
import type { MailRegion, OutcomeReader, TurnRegion } from "@wasm-engine/abi";

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

/** Who came and who went since the last seal; no id is in both lists. */
export interface PopulationChange {
  readonly added: readonly (readonly [AgentId, AgentHandle])[];
  readonly removed: readonly AgentId[];
}

/**
 * Runs turns. Adapters: in-process, threads over shared memory, child process. Turns and messages are written
 * into regions that the adapter owns, outcomes are read where they were written (abi `turn-region.ts`,
 * `mail-region.ts`, `outcome-region.ts`). Life of a tick:
 *
 *   apply(operations of inputs, t) · beginTick(t) · per turn in plan order turnsOf(agent) · execute()
 *   · per turn in plan order outcomesOf(agent) · mail(t + 1).begin() · mail of t + 1 is written
 *   · apply(operations of the commit, t) · seal(change)
 * A tick without turns calls neither beginTick nor execute; one that changes nobody does not call seal.
 */
export interface Executors {
  /** Called before the plan and after the commit of `tick`. Outcomes of the upgrades among `operations`, in order. */
  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[];
  /** What `lookup` finds from the next tick on. Called once with everybody when a world is created or restored. */
  seal(change: PopulationChange): void;
  /**
   * Mail deliverable at `tick`: two regions, by parity. The core begins and fills that of t + 1 after the turns
   * of t have ended; nobody else writes to it. Offsets in turns of `tick` point into it.
   */
  mail(tick: number): MailRegion;
  /** Empties the turn regions for the turns of `tick`. `timeNanos`: virtual time since 1970-01-01T00:00:00Z. */
  beginTick(tick: number, timeNanos: bigint): void;
  /** Where turns of this agent are written: one region per executing thread, constant from beginTick to execute. */
  turnsOf(agent: AgentHandle): TurnRegion;
  /**
   * Executes everything written since beginTick, in any order on any thread, and returns when all of it has ended.
   * Cursors of the outcomes then stand before their first record.
   * @throws {WE_EXECUTOR_HOST_FAILURE} @throws {WE_EXECUTOR_THREAD_LOST}
   */
  execute(): void;
  /**
   * Cursor over the outcomes of the thread that ran this agent: one record per turn, in plan order. Records stay
   * readable until the next beginTick.
   */
  outcomesOf(agent: AgentHandle): OutcomeReader;
  /**
   * Image digest (32 bytes) per agent: H(size, Merkle root over 4 KiB pages, mutable globals, segment flags).
   * For an agent whose multi-slice turn has not landed, of the image before that turn.
   */
  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[];
  /** The same while the world goes on; absent where that is not offered. */
  readonly late?: LateDigests;
}

/**
 * Image digests of one moment, computed while later ticks are executed: the images that are meant are those of the
 * moment of `begin`, whatever happens to their agents meanwhile.
 */
export interface LateDigests {
  /** Of these agents as they are now. What was begun before has been taken. */
  begin(agents: readonly AgentHandle[]): void;
  /** Does about `count` agents' worth of it in the calling thread; false where that has nothing left to do. */
  advance(count: number): boolean;
  /** Agents' worth that the calling thread has left: an image to take over or to digest counts one. */
  readonly left: number;
  /** `take` has nothing to wait for. */
  readonly isReady: boolean;
  /** The digests, in the order of the agents. Does what is left. */
  take(): readonly Uint8Array[];
}

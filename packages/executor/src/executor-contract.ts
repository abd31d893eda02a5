/**
 * Surface of the in-process executor that engines, tests and tools use. `in-process-executor.ts` implements it and,
 * structurally, the core's `Executors` port (the executor may not import core: types are declared again here
 * where needed and a compile-time test in `engine` checks that both agree).
 */

import type { AgentHandle, AgentId, FaultCode, ModuleDigest, Sha256 } from "@wasm-engine/abi";

/** Compiled, instrumented module with what linking needs. */
export interface GuestModule {
  readonly digest: ModuleDigest;
  /** Instrumented bytes (output of @wasm-engine/wasm `instrument`). */
  readonly bytes: Uint8Array;
}

/** Resolved limits of one agent; genesis constants. Bytes, fuel, counts. */
export interface AgentLimits {
  readonly fuelPerSlice: number;
  readonly fuelPerTurnMax: number;
  readonly memoryBytes: number;
  readonly mailboxMessages: number;
  readonly messagesPerTurnMax: number;
}

/** Counters that host functions advance; part of the agent's state. */
export interface Ledger {
  readonly requests: number;
  readonly messages: number;
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
  /** `receive` and `step`: the bytes to place in guest memory. They are copied before `execute` returns. */
  readonly message?: Uint8Array;
}

/** All work of one agent in one tick. At most 65,536 invocations. */
export interface Turn {
  readonly agent: AgentHandle;
  readonly invocations: readonly Invocation[];
}

/** Turns in plan order, at most one per agent. */
export interface Plan {
  readonly tick: number;
  readonly turns: readonly Turn[];
}

/** The invocation that ended a turn early. */
export interface Fault {
  readonly invocation: number;
  readonly code: FaultCode;
  readonly guestCode: number;
}

/** What a turn did. Depends on nothing but the agent's state and the plan. */
export interface TurnOutcome {
  readonly fuel: number;
  readonly completed: number;
  readonly effects: Uint8Array;
  readonly ledger: Ledger;
  readonly fault?: Fault;
}

/** Changes of the population; see the core's port of the same name. */
export type AgentOperation =
  | {
      readonly kind: "create";
      readonly agent: AgentHandle;
      readonly id: AgentId;
      readonly module: ModuleDigest;
      readonly limits: AgentLimits;
      readonly streamSeed: Uint8Array;
      readonly ledger: Ledger;
    }
  | { readonly kind: "reset"; readonly agent: AgentHandle }
  | { readonly kind: "upgrade"; readonly agent: AgentHandle; readonly module: ModuleDigest }
  | { readonly kind: "drop"; readonly agent: AgentHandle }
  | { readonly kind: "land"; readonly agent: AgentHandle };

/** What a turn may read of the world as sealed at t - 1. */
export interface SealedView {
  handleOf(id: string): AgentHandle | undefined;
  timeNanos(tick: number): bigint;
}

/**
 * How an upgrade ended. `imported`: the state moved and `init` must not run again. `fresh`: one of the modules
 * offers no state, memory is new and `init` is due. `refused`: the old module stays, with its state.
 */
export interface UpgradeOutcome {
  readonly agent: AgentHandle;
  readonly result: "imported" | "fresh" | "refused";
  /** Fuel of export and import; where refused, every slice begun in full. */
  readonly fuel: number;
  readonly code?: FaultCode;
  readonly guestCode?: number;
}

/** One committed invocation, as far as executing it again needs it. */
export interface JournalEntry {
  readonly tick: number;
  readonly timeNanos: bigint;
  readonly entry: Entry;
  readonly message?: Uint8Array;
  /** Messages and effect bytes of the turn before this invocation: refusals with LIMIT depend on them. */
  readonly turnMessages: number;
  readonly turnEffectBytes: number;
  /** Answers of `lookup` in order; 0 for NOT_FOUND. */
  readonly lookups: readonly AgentHandle[];
  /** Exact fuel; executing again must give the same. */
  readonly fuel: number;
}

/**
 * Image of one agent: everything that restoring needs, as plain data. Every field survives CBOR and structured
 * clone. Where a multi-slice turn has not landed, memory, state and ledger are those before the turn and
 * `pending` is the turn's journal: loading executes it again.
 */
export interface AgentImage {
  readonly agent: AgentHandle;
  readonly id: AgentId;
  readonly module: ModuleDigest;
  readonly limits: AgentLimits;
  readonly streamSeed: Uint8Array;
  readonly ledger: Ledger;
  /** Bytes of linear memory; a multiple of 64 KiB. */
  readonly memory: Uint8Array;
  /** Mutable globals and segment flags as written by `__we_state_save`. */
  readonly state: Uint8Array;
  /** True once `agent_init` has completed. */
  readonly initialised: boolean;
  readonly pending?: readonly JournalEntry[];
}

/** Side information that never enters the world. */
export interface FaultDetail {
  readonly agent: AgentHandle;
  readonly id: AgentId;
  /** The tick that the turn was executed in; the fault of a turn of several slices takes effect later. */
  readonly tick: number;
  readonly code: FaultCode;
  readonly guestCode: number;
  /** For people: what happened in one line, then what the guest logged as an error in the faulting invocation. */
  readonly detail: string;
}

/** None of the bounds shows in any result: only in time and memory of the host. */
export interface InProcessExecutorOptions {
  /** Instrumented module by digest; undefined where the host does not have it. */
  readonly modules: (digest: ModuleDigest) => GuestModule | undefined;
  readonly sha256: Sha256;
  readonly onFaultDetail?: (detail: FaultDetail) => void;
  /** Logical stack of one invocation; a genesis constant. Default: limits.depthBytes of the ABI. */
  readonly depthBytes?: number;
  /** A journal beyond this many bytes renews the base. */
  readonly journalBytesMax?: number;
  /** A journal beyond this much fuel renews the base. */
  readonly journalFuelMax?: number;
  /** Instances kept at once; agents beyond it share slots. */
  readonly instancesMax?: number;
}

/** Counters of the host side; never part of the world. */
export interface ExecutorFigures {
  readonly agents: number;
  readonly instances: number;
  readonly instantiations: number;
  readonly renewals: number;
  readonly reconstructions: number;
}

export interface InProcessExecutor {
  /** Outcomes of the upgrades among `operations`, in order. */
  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[];
  /**
   * One outcome per turn. All or nothing: where a host failure is thrown, every agent of the plan is as before.
   * @throws {WE_EXECUTOR_HOST_FAILURE} where the host gave up (native stack, memory)
   */
  execute(plan: Plan, view: SealedView): readonly TurnOutcome[];
  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[];
  /** JSON bytes of `agent_describe`, run on a copy; undefined where not offered, faulted or not initialised. */
  describe(agent: AgentHandle): Uint8Array | undefined;
  /** Images of all agents, sorted by handle. */
  images(): readonly AgentImage[];
  /** Adds agents. A later `create` for the same handle keeps the image. */
  loadImages(images: readonly AgentImage[]): void;
  figures(): ExecutorFigures;
  /** For tests only. */
  readonly testing: {
    /** Flips one bit of an agent's memory as a hardware error would. */
    flipBit(agent: AgentHandle, byteOffset: number, bit: number): void;
  };
}

/**
 * Surface of the executor. `TurnExecutor` is what one thread runs; `InProcessExecutor` wraps one of them and
 * implements, structurally, the core's `Executors` port (the executor may not import core: types are declared again
 * here where needed, and the engine's use of them checks that both agree).
 */

import type {
  AgentHandle,
  AgentId,
  FaultCode,
  MailRegion,
  ModuleDigest,
  OutcomeReader,
  OutcomeRegion,
  Region,
  Sha256,
  TurnRegion,
} from "@wasm-engine/abi";
import type { WasmImports } from "./webassembly.js";

/** Compiled, instrumented module with what linking needs. */
export interface GuestModule {
  readonly digest: ModuleDigest;
  /** Instrumented bytes (output of @wasm-engine/wasm `instrument`). */
  readonly bytes: Uint8Array;
  /** What it imports beside the ABI: the probes of a module that is instrumented for profiling. */
  readonly imports?: WasmImports;
}

/** A call of guest code that its agent pays for: an invocation of a turn, or one half of an upgrade. */
export interface PaidCall {
  readonly agent: AgentHandle;
  readonly id: AgentId;
  readonly module: ModuleDigest;
  readonly tick: number;
  /** Fuel that the host takes for placing what it hands over. */
  readonly placingFuel: number;
}

/**
 * Hears of every call that is paid for, while it happens; not of those that repeat one or only look. Where the machine
 * fails in a call there is no end of it. What a witness does shows in no result.
 */
export interface CallWitness {
  begin(call: PaidCall): void;
  /** `fuel`: what the agent pays. Of a faulted call that is the rest of every slice that the turn had begun. */
  end(fuel: number, isFaulted: boolean): void;
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

/** Entry points in the order in which a turn may call them: the names of `EntryCode` in images. */
export type Entry = "init" | "receive" | "step" | "shutdown";

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

/** What changed in the view that `lookup` reads. */
export interface PopulationChange {
  readonly added: readonly (readonly [AgentId, AgentHandle])[];
  readonly removed: readonly AgentId[];
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
  /** Whoever keeps images by page has all of its pages: only those that change after loading need be given out. */
  readonly isKept?: boolean;
}

/** Memory of an image as its pages of 4 KiB that hold anything but zeros. */
export interface ImagePages {
  /** Numbers of the pages, ascending. */
  readonly pages: readonly number[];
  /** SHA-256 of each of `pages`, one after the other. */
  readonly digests: Uint8Array;
  /** Which of `pages`, by position, have their content in `bytes`; of the others it was given before. */
  readonly changed: readonly number[];
  readonly bytes: Uint8Array;
}

/** An image whose memory is given as what changed since it was last given. */
export type PagedImage = Omit<AgentImage, "memory" | "isKept"> &
  ImagePages & { readonly memoryBytes: number };

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

/** True where the page of 4 KiB at `start` of `memory` has the bytes of `page`. */
export type PageComparison = (memory: Uint8Array, start: number, page: Uint8Array) => boolean;

/** None of the bounds shows in any result: only in time and memory of the host. */
export interface ExecutorOptions {
  /** Instrumented module by digest; undefined where the host does not have it. */
  readonly modules: (digest: ModuleDigest) => GuestModule | undefined;
  readonly sha256: Sha256;
  /** What the machine offers for it; default: a loop. */
  readonly samePage?: PageComparison;
  readonly onFaultDetail?: (detail: FaultDetail) => void;
  readonly witness?: CallWitness;
  /** Logical stack of one invocation; a genesis constant. Default: limits.depthBytes of the ABI. */
  readonly depthBytes?: number;
  /** A journal beyond this many bytes renews the base. */
  readonly journalBytesMax?: number;
  /** A journal beyond this much fuel renews the base. */
  readonly journalFuelMax?: number;
  /** Instances kept at once; agents beyond it share slots. */
  readonly instancesMax?: number;
  /**
   * World after world is executed. `instances`: those of a world that is cleared wait for the next one. `images`: most
   * worlds begin with the same images as well, and an image object that is loaded again is not read again.
   */
  readonly reuse?: "instances" | "images";
}

/** Counters of the host side; never part of the world. */
export interface ExecutorFigures {
  readonly agents: number;
  readonly instances: number;
  readonly instantiations: number;
  readonly renewals: number;
  readonly reconstructions: number;
}

/** Image digests of one moment, computed while the world goes on: see the core's port. */
export interface LateDigests {
  /** Of these agents as they are now. What was begun before has been taken. */
  begin(agents: readonly AgentHandle[]): void;
  /** Does about `count` agents' worth of it in the calling thread; false where that has nothing left to do. */
  advance(count: number): boolean;
  /** Agents' worth that the calling thread has left: an image to take over or to digest counts one. */
  readonly left: number;
  /** `take` has nothing to wait for. */
  readonly isReady: boolean;
  /** The digests, in the order of the agents. Does what is left. @throws {WE_EXECUTOR_HOST_FAILURE} */
  take(): readonly Uint8Array[];
}

/** Runs agents in the calling thread: what an executing thread consists of. */
export interface TurnExecutor {
  /** Before the plan and after the commit of `tick`. Outcomes of the upgrades among `operations`, in order. */
  apply(operations: readonly AgentOperation[], tick: number): readonly UpgradeOutcome[];
  /** What `lookup` finds from the next tick on. */
  seal(change: PopulationChange): void;
  /**
   * Executes all turns of `turns` (written by a `TurnRegion`) in their order. Empties `outcomes`, then writes one
   * record per turn; the region may grow meanwhile. `mail` is the mail region of the tick. All or nothing: where
   * something is thrown, every agent is as before and `outcomes` says nothing.
   * @throws {WE_EXECUTOR_HOST_FAILURE} where the host gave up (native stack, memory)
   */
  executeTurns(turns: Region, mail: Uint8Array, outcomes: OutcomeRegion): void;
  imageDigests(agents: readonly AgentHandle[]): readonly Uint8Array[];
  readonly late: LateDigests;
  /** JSON bytes of `agent_describe`, run on a copy; undefined where not offered, faulted or not initialised. */
  describe(agent: AgentHandle): Uint8Array | undefined;
  /**
   * Calls a function without parameters that the agent's module exports, on a copy. What it returns as a number, 1
   * where it returns nothing; null where it faulted; undefined where there is none or the agent has not begun.
   */
  examine(agent: AgentHandle, name: string): number | null | undefined;
  /** Images of all agents, sorted by handle. */
  images(): readonly AgentImage[];
  /**
   * The same images by page. A page's bytes come with the first call after it changed; a caller that lost what
   * earlier calls gave asks for `all`.
   */
  pagedImages(all: boolean): readonly PagedImage[];
  /**
   * The same in parts, while the world goes on: every image is that of this moment, whatever happens to its agent
   * before it is taken. What was begun before and not taken is forgotten. Returns how many there are.
   */
  beginImages(all: boolean): number;
  /** About `count` of the images begun, each once, in any order; none where all were taken. */
  takeImages(count: number): readonly PagedImage[];
  /** Adds agents. A later `create` for the same handle keeps the image. */
  loadImages(images: readonly AgentImage[]): void;
  /** Drops every agent and what `lookup` finds; modules stay compiled. For the next world. */
  clear(): void;
  figures(): ExecutorFigures;
  /** For tests only. */
  readonly testing: {
    /** Flips one bit of an agent's memory as a hardware error would. */
    flipBit(agent: AgentHandle, byteOffset: number, bit: number): void;
  };
}

/** Bounds of the regions of an executor in one thread: they show in no result. */
export interface InProcessExecutorOptions extends ExecutorOptions {
  /** Bytes that each region starts with. */
  readonly regionBytes?: number;
  /** Bytes that a mail region may grow to. */
  readonly mailBytesMax?: number;
}

/** One `TurnExecutor` with regions of the heap: see the core's port `Executors`. */
export interface InProcessExecutor extends TurnExecutor {
  /** Mail deliverable at `tick`; whoever fills it calls `begin` on it first. */
  mail(tick: number): MailRegion;
  /** Empties the turn region for a tick. */
  beginTick(tick: number, timeNanos: bigint): void;
  turnsOf(agent: AgentHandle): TurnRegion;
  /**
   * Executes what was written since `beginTick`.
   * @throws {WE_EXECUTOR_HOST_FAILURE}
   */
  execute(): void;
  outcomesOf(agent: AgentHandle): OutcomeReader;
}

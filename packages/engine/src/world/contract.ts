/**
 * What the world host asks of configuration, inputs and outputs, and what those parts may rely on. Everything in
 * {@link ResolvedWorld} is plain data: it crosses a process boundary by structured clone. Sources and sinks live
 * in the orchestrator thread and are synchronous.
 *
 * Implemented by: `config/` (loadConfig -> ResolvedWorld), `inputs/input-source.ts` (openInputSource),
 * `outputs/output-sink.ts` (openOutputSink).
 */

import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { Departure, Genesis, InputBody, ProviderName } from "@wasm-engine/core";
import type { AdapterSetup } from "../adapters/contract.js";
import type { InvariantSetup } from "../invariants/contract.js";
import type { FileSystem } from "../storage/file-system.js";
import type { SnapshotKeep } from "../storage/index.js";
import type { ModuleAdmission } from "../trust/ceiling.js";

/** When an acknowledgement may be given (DESIGN §8). */
export type Durability = "sync" | "periodic" | "ephemeral";

/** A signed module of the world, checked and instrumented. */
export interface ResolvedModule {
  readonly name: string;
  /** As built and signed; its digest is over these bytes without signature sections. */
  readonly bytes: Uint8Array;
  /** Output of `instrument`; what executes and what the run folder stores. */
  readonly instrumented: Uint8Array;
}

/** When a run is over. It ends earlier only where it is stopped or a limit is reached. */
export type StopRule =
  /** Until it is told to. */
  | { readonly when: "never"; readonly maxTicks?: number }
  /** Nothing is due and every input source is done. */
  | { readonly when: "idle"; readonly maxTicks?: number }
  /** The last input source is done and its last input has been executed, whatever is still due. */
  | { readonly when: "inputs-done"; readonly maxTicks?: number }
  /** The first tick not executed any more: ticks 0 … tick - 1 run. */
  | { readonly when: "tick"; readonly tick: number; readonly maxTicks?: number }
  /** The tick in which the agent ended has been sealed. */
  | { readonly when: "exit"; readonly agent: AgentId; readonly maxTicks?: number };

/**
 * An input file. Plain data only; `config` may add members, the host reads none of them except through
 * `openInputSource`. Paths are absolute. `path` "-" is standard input.
 */
export interface InputSourceSpec {
  readonly path: string;
  readonly format: "jsonl" | "csv";
  /** Name of the field that holds the time or tick of the record; absent: one tick after the other. */
  readonly at?: string;
  /** Template of the receiver (`{field}` is replaced); absent: the record is published on `topic`. */
  readonly to?: string;
  /** Template of the topic. */
  readonly topic: string;
  /** What `at` holds. Default: `tick` where the field is called tick, else `time` (ISO 8601, or epoch milliseconds). */
  readonly atUnit?: "time" | "tick";
  /** Payload members and the fields they come from; absent: the whole record. */
  readonly fields?: readonly InputField[];
  /** Template of the idempotency key. */
  readonly key?: string;
  /** SHA-256 of the file as configured: a file that changed since is refused. Absent for "-". */
  readonly sha256?: string;
}

/** One member of a payload. `auto`: numbers where a CSV cell is one, JSON values as they are. */
export interface InputField {
  readonly name: string;
  readonly field: string;
  readonly type: "auto" | "text" | "number";
}

/** An output file. Paths are absolute. */
export interface OutputSpec {
  readonly topic: string;
  readonly path: string;
}

/** lockstep: an answer enters at its due tick, which waits. recorded: nothing waits, the log says when it came. */
export type Delivery = "lockstep" | "recorded";

/** A model as configured, and once loaded as the run found it. */
export interface ModelSetup {
  /** Name that agents ask by. */
  readonly name: string;
  /** Absolute folder. */
  readonly dir: string;
  /** Path of the `.onnx` file in the folder; absent: the manifest or the layout says. */
  readonly file?: string;
  readonly version?: string;
  /** Hex SHA-256 that the model must have. */
  readonly digest?: string;
  /** Tried in this order. */
  readonly providers: readonly ProviderName[];
  /** Ticks from request to answer; absent: the manifest says. */
  readonly latencyTicks?: number;
  /** Absent: that of the world. */
  readonly delivery?: Delivery;
  /** Of models that write texts: tokens of a prompt per tick, tokens of a part; absent: the adapter's own. */
  readonly prefillTokensPerTick?: number;
  readonly tokensPerTick?: number;
  /** Never gives its memory back to make room for others. */
  readonly pinned?: boolean;
  /** own: a thread of its own, so that a slow model delays no other. */
  readonly thread: "shared" | "own";
  /** Threads that answer for it, each with its weights; default 1. More than one are its own. */
  readonly workers?: number;
}

/** What holds for every model of a world. */
export interface InferenceSetup {
  /** Absent: lockstep, or recorded where ticks follow the wall clock. */
  readonly delivery?: Delivery;
  /** A model runs on the first of its providers or not at all. */
  readonly strict: boolean;
  /** Bytes of weights in memory per thread; absent: the adapter's own. */
  readonly weightBytesMax?: number;
  /** Bytes of keys and values of texts under way, per model; absent: the adapter's own. */
  readonly kvBytesMax?: number;
}

/** Everything that a run starts from: what `loadConfig` makes and a run folder keeps. */
export interface ResolvedWorld {
  readonly genesis: Genesis;
  readonly modules: ReadonlyMap<ModuleDigest, ResolvedModule>;
  /** Why each module was let in, and the ceilings of its signers. Absent: made by a program that vouches itself. */
  readonly admissions?: readonly ModuleAdmission[];
  readonly inputs: readonly InputSourceSpec[];
  readonly outputs: readonly OutputSpec[];
  /** Models that are executed here; a name of the genesis that nobody answers is answered FAILED. */
  readonly models?: readonly ModelSetup[];
  readonly inference?: InferenceSetup;
  /** What answers other than models in folders: tools, servers, fakes. No name is there twice for the same kind. */
  readonly adapters?: readonly AdapterSetup[];
  /** What must hold after ticks; checked beside the world. */
  readonly invariants?: readonly InvariantSetup[];
  readonly stop: StopRule;
  readonly durability: Durability;
  /** Ticks that may be executed ahead of what the log has made durable. */
  readonly ticksAheadMax: number;
  /** A snapshot after every so many ticks; absent: as often as they cost little. */
  readonly snapshotEvery?: number;
  /** Snapshots that are kept at most, or all; absent: see storage/snapshot-retention.ts. */
  readonly snapshotsKept?: SnapshotKeep;
  /** Absolute folder of the configuration; runs live in `.wasm-engine/runs` below it. */
  readonly baseDirectory: string;
}

/** One record of an input source on its way into the world. */
export interface SourceInput {
  readonly body: InputBody;
  /** Number of the record from 0, counted in the order of delivery: becomes `Input.source[1]`. */
  readonly record: number;
  readonly key?: string;
}

/** Records of one file, pulled by the tick loop. The order of delivery is a function of the file alone. */
export interface InputSource {
  /**
   * Tick at which the next record is due, which may be in the past (it then enters in the next tick);
   * undefined where none is available now.
   */
  peekTick(): number | undefined;
  /** Removes and returns every record that is due at `tick` or before, in order of delivery. */
  take(tick: number): readonly SourceInput[];
  /** The next record to be delivered is `record`: how a resumed run goes on. */
  seek(record: number): void;
  /** No further record will ever come. While `peekTick` is undefined and this is false, more may arrive. */
  readonly done: boolean;
  close(): void;
}

/**
 * One output file: what departs in a tick is offered at once and written when its cause is durable. A sink is
 * opened at a position (bytes); what the file holds beyond it was written before a crash and is compared with
 * what is offered, never written twice; a torn last line is completed.
 */
export interface OutputSink {
  /** Keeps the departures that belong to this output. Called in tick order; a replayed tick is offered again. */
  offer(tick: number, departures: readonly Departure[]): void;
  /** Writes everything offered up to and including `tick`. */
  release(tick: number): void;
  /** Bytes of the file once everything offered so far is released: what a snapshot stores. */
  readonly position: number;
  /** Returns when everything released is on the disk. */
  sync(): void;
  close(): void;
}

/** `inputs/input-source.ts`. */
export type OpenInputSource = (spec: InputSourceSpec, genesis: Genesis) => InputSource;

/**
 * `outputs/output-sink.ts`. `position` 0 for a new run; an existing file is then refused by the caller, not here.
 * The genesis gives the virtual clock of the timestamps.
 */
export type OpenOutputSink = (
  spec: OutputSpec,
  start: { readonly genesis: Genesis; readonly position: number },
  system?: FileSystem,
) => OutputSink;

/**
 * What a fork is asked to be, what a run folder keeps of it, and what it reports. A fork is a run of its own that
 * shares the log of another one up to a tick. Plain data: a fork is made in a world process.
 */

import type { AgentId, Encoding, ErrorRecord } from "@wasm-engine/abi";
import type { Json, Policy } from "@wasm-engine/core";
import type { AdmittedModule } from "../modules/admission.js";
import type { Workers } from "../threads/worker-count.js";
import type { AdapterSetup } from "../adapters/contract.js";
import type { ModelSetup } from "../world/contract.js";
import type { RunResult, RunUntil, WorldReport } from "../world/control.js";

/** `start`: before tick 0, where even the genesis may be another. */
export type ForkPoint = number | "start";

/**
 * keep: what entered the parent from outside after the tick enters again, then its input files go on. none: nothing
 * enters any more. Else a JSON Lines or CSV file: members `to` and `topic` of a record address it, `tick` says when.
 */
export type ForkInputs = "keep" | "none" | { readonly file: string };

/** One member of an agent's arguments: `["prompt", "tone"]`; an empty path is all of them. */
export interface ArgumentChange {
  readonly agent: string;
  readonly path: readonly string[];
  readonly value: Json;
}

/** What is to be different. Everything else is as in the parent. */
export interface ForkOverrides {
  /** Path of a source or .wasm file by module name: every agent of that module is upgraded at the tick after. */
  readonly modules?: Readonly<Record<string, string>>;
  /** Ticks that an upgrade may wait until its agent has no request pending; 0 refuses it there. Default: 600. */
  readonly drainTicks?: number;
  /** As `models` and `tools` of engine.yaml have them, by name; answers of the earlier one are not reused. */
  readonly models?: Readonly<Record<string, Json>>;
  readonly tools?: Readonly<Record<string, Json>>;
  /** These three are part of the genesis: only at "start". */
  readonly seed?: number;
  readonly policy?: string;
  readonly args?: readonly ArgumentChange[];
  /** Other payloads of inputs after the tick, by their sequence. */
  readonly inputs?: Readonly<Record<number, Json>>;
  /** Inputs after the tick that do not enter. */
  readonly dropped?: readonly number[];
  /** Agents and topics that are cut off from the next tick on: `NAME`, or `agent:NAME`, `topic:NAME`. */
  readonly cut?: readonly string[];
}

/** The part of a run folder's run.json that makes it a fork. JSON. */
export interface ForkRecord {
  /** Id of the run that it was forked from. */
  readonly parent: string;
  /** Last tick that both share; -1 for none. */
  readonly at: number;
  readonly inputs: "keep" | "none" | "file";
  /** What is different, as `--set` would say it. */
  readonly overrides: readonly string[];
  /** Input files that are read on, by index, and the record that they go on with. Others deliver nothing any more. */
  readonly openSources: readonly { readonly index: number; readonly record: number }[];
  /** SHA-256 of the file with kept inputs and recorded answers; absent where there are none. */
  readonly plan?: string;
}

/** What {@link ForkOverrides} come to once files have been read and built. */
export interface ResolvedOverrides {
  readonly modules: readonly AdmittedModule[];
  readonly drainTicks: number;
  readonly models: readonly ModelSetup[];
  readonly adapters: readonly AdapterSetup[];
  /** Names of models and tools that were replaced. */
  readonly replaced: readonly { readonly kind: "inference" | "tool"; readonly name: string }[];
  readonly seed?: number;
  readonly policy?: Policy;
  readonly args: readonly ArgumentChange[];
  readonly inputs: readonly {
    readonly seq: number;
    readonly encoding: Encoding;
    readonly payload: Uint8Array;
  }[];
  readonly dropped: readonly number[];
  readonly cut: readonly string[];
}

export interface ForkJob {
  readonly kind: "fork";
  readonly dir: string;
  /** Folder and id of the fork. */
  readonly out: string;
  readonly runId: string;
  /** Folder that models and modules of the fork are relative to; absent: that of the parent. */
  readonly baseDirectory?: string;
  readonly at: ForkPoint;
  readonly inputs: ForkInputs;
  readonly overrides: ResolvedOverrides;
  readonly workers?: Workers;
  /** Test-only: the process ends as if it were killed, after so many steps of making the fork. */
  readonly testing?: { readonly dieAfter?: "log" | "world" | "plan" };
}

/** One of several forks of the same tick. */
export type ForkedFuture = Pick<ForkJob, "out" | "runId" | "inputs" | "overrides">;

/** Makes several forks of one tick, or none where one of them cannot be. */
export interface ForksJob extends Pick<ForkJob, "dir" | "baseDirectory" | "workers"> {
  readonly kind: "forks";
  readonly at: number;
  readonly futures: readonly ForkedFuture[];
}

/** Makes them, executes one after the other, and tells what became of each. */
export interface FuturesJob extends Omit<ForksJob, "kind" | "workers"> {
  readonly kind: "futures";
  readonly until: RunUntil;
  /** Each comes with what its world is like at its end, and what agents say about themselves. */
  readonly describe: boolean;
  /** Test-only: module that stands for the inference package. */
  readonly inferenceService?: string;
}

/** One of several futures that were executed. */
export interface FutureOutcome {
  /** Place among the futures that were asked for. */
  readonly index: number;
  readonly fork: ForkReport;
  /** How it ended; absent where it came to no end. */
  readonly result?: RunResult;
  readonly world?: WorldReport;
  /** Why it came to no end. Its run can be gone on with. */
  readonly error?: ErrorRecord;
}

export interface ForkReport {
  readonly runId: string;
  readonly dir: string;
  /** Id of the run that it was forked from. */
  readonly parent: string;
  /** Last tick that both share; -1 for none. */
  readonly at: number;
  /** Head of the chain up to there. */
  readonly chainHead: string;
  /** Inputs of the parent (or the file) that will enter the fork. */
  readonly keptInputs: number;
  /** Requests whose recorded answer enters again where the fork makes them. */
  readonly recordedAnswers: number;
  /** Agents that get another module at the tick after. */
  readonly upgraded: readonly AgentId[];
  /** What is cut off from the tick after: `agent:NAME`, `topic:NAME`. */
  readonly cut: readonly string[];
}

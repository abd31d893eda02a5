/** What replay and its relatives are asked and what they answer. Plain data: jobs run in a world process. */

import type { AgentId } from "@wasm-engine/abi";
import type { Workers } from "../threads/worker-count.js";
import type { WorldReport } from "../world/control.js";

/** Test-only: changes one bit of an agent's memory before `tick` is executed, so that locating can be proved. */
export interface BitFlip {
  readonly agent: AgentId;
  readonly tick: number;
  readonly byte: number;
  readonly bit: number;
}

export interface ReplayOptions {
  /** Starts from the newest snapshot at or before this tick instead of tick 0. */
  readonly from?: number;
  /** Last tick to be executed; default: the last committed one. */
  readonly to?: number;
  /** Asks the models again and compares their answers with those of the log. */
  readonly verifyInference?: boolean;
  /** Threads that execute agents; default `auto`. Shows in no result. */
  readonly workers?: Workers;
  /** `partLogBytesMin`: what a log must have to be executed in parts. */
  readonly testing?: {
    readonly flip?: BitFlip;
    readonly inferenceService?: string;
    readonly partLogBytesMin?: number;
  };
}

/** How the answers of one model were compared. */
export interface ModelVerification {
  readonly name: string;
  readonly provider: string;
  /** Every fingerprint that the model had during the run. */
  readonly recorded: readonly string[];
  /** The fingerprint now. */
  readonly fingerprint: string;
  /** bits: the fingerprint is the only recorded one; tolerance: it is another. */
  readonly compared: "bits" | "tolerance";
}

/** What asking the models again has shown. */
export interface InferenceVerification {
  readonly models: readonly ModelVerification[];
  readonly compared: number;
  /** Equal bit for bit. */
  readonly identical: number;
  /** Other bits, but numbers within the tolerance. */
  readonly withinTolerance: number;
  /** Neither, or other bits under the same fingerprint. */
  readonly different: number;
  /** Answers that no model gave: failures of the host, models that the run no longer names. */
  readonly notCompared: number;
  readonly firstDifference?:
    | {
        readonly tick: number;
        readonly agent: number;
        readonly requestId: number;
        readonly model: string;
        readonly detail: string;
      }
    | undefined;
}

export interface ReplayJob extends ReplayOptions {
  readonly kind: "replay";
  readonly dir: string;
}

export interface InspectJob {
  readonly kind: "inspect";
  readonly dir: string;
  /** Default: the last committed tick. */
  readonly at?: number;
  readonly agent?: string;
}

export interface LogsJob {
  readonly kind: "logs";
  readonly dir: string;
  readonly agent?: string;
  readonly from?: number;
  readonly to?: number;
}

export interface DeadLettersJob {
  readonly kind: "dead-letters";
  readonly dir: string;
  readonly agent?: string;
  readonly from?: number;
  readonly to?: number;
}

/** The first place where replay and log differ. */
export interface FirstDivergence {
  readonly tick: number;
  /** The first agent (by id) whose state or effects differ at that tick; absent where it cannot be named. */
  readonly agent?: AgentId;
  /** What differs: `effects`, `state`, `fuel`, `inputs` or `chain`. */
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  /**
   * `execution`: a clean execution agrees with the log, the one under test did not. `log`: every execution gives this
   * result, so log, engine or machine changed. `transient`: it did not happen again.
   */
  readonly cause: "execution" | "log" | "transient";
}

export interface ReplayReport {
  readonly runId: string;
  readonly dir: string;
  readonly verified: boolean;
  /** First tick that was executed again. */
  readonly from: number;
  /** Last tick + 1, as in the run's own report. */
  readonly ticks: number;
  readonly ticksExecuted: number;
  readonly turnsExecuted: number;
  readonly fuel: number;
  readonly chainHead: string;
  readonly firstDivergence?: FirstDivergence;
  /** Present where the models were asked again. */
  readonly inference?: InferenceVerification;
  readonly wallMs: number;
  /** Threads that executed agents. */
  readonly workers: number;
  readonly node: string;
  readonly arch: string;
  readonly v8Flags: readonly string[];
}

/** A world at a moment, by what no two worlds have in common. */
export interface WorldMark {
  readonly tick: number;
  readonly chainHead: string;
  readonly stateHash: string;
}

/** What executing a part of a run has shown. */
export interface ReplayPart {
  readonly report: ReplayReport;
  /** The world that was restored, by its own pages and not by what the snapshot says; absent at the begin of a run. */
  readonly begin?: WorldMark;
  readonly end: WorldMark;
}

/** How far a job has come. */
export interface ReplayProgress {
  readonly tick: number;
  readonly turnsExecuted: number;
}

export interface ConsoleLine {
  readonly tick: number;
  readonly timestamp: string;
  readonly agentId: AgentId;
  /** `error`, `warn`, `info`, `debug`, or `fault` where the line says how an invocation failed. */
  readonly level: string;
  readonly text: string;
}

/** Values of the jobs. */
export interface JobValues {
  readonly replay: ReplayReport;
  readonly inspect: WorldReport;
  readonly logs: readonly ConsoleLine[];
}

/** What `dev` is asked, what it tells while it works, and what one cycle of it comes to. Plain data. */

import type { ToolLine } from "../adapters/tool-lines.js";
import type { AgentId, EngineError } from "@wasm-engine/abi";
import type { ReplayReport } from "../replay/replay-contract.js";
import type { Workers } from "../threads/worker-count.js";
import type { ObservedTick, Progress, RunResult } from "../world/control.js";
import type { RunDifference } from "./difference.js";
import type { DevFailure } from "./failure.js";

export interface DevOptions {
  /** Path of engine.yaml, or of a folder that holds one. */
  readonly config: string;
  readonly seed?: number;
  /** Runs stop before this tick. */
  readonly ticks?: number;
  readonly workers?: Workers;
  /** `inline`: in the calling thread, for tests. */
  readonly isolation?: "process" | "inline";
  readonly allowUnsigned?: boolean;
  /** Ticks follow the wall clock; the world stays running and takes new code over. */
  readonly realtime?: boolean;
  /** One cycle, then the end. */
  readonly once?: boolean;
  readonly tell: (event: DevEvent) => void;
  /** Called after a run that was not cut short, before the next save is waited for. */
  readonly afterRun?: (signal: AbortSignal) => Promise<void>;
}

/** How the next run came to be. */
export type DevPlan =
  | {
      readonly how: "new";
      /** `changed`: parts of the configuration; `refused`: why no fork was possible. */
      readonly why: "first" | "asked" | "changed" | "refused";
      readonly what: readonly string[];
    }
  | {
      readonly how: "fork";
      /** Id of the run that it was forked from. */
      readonly parent: string;
      /** Last tick that both share; -1: none, only answers are taken over. */
      readonly at: number;
      /** Modules with new code. */
      readonly modules: readonly string[];
      /** The failure that it goes back to. */
      readonly failure?: DevFailure;
      /** Agents that had something pending, or were not born, where it would have been forked. */
      readonly because: readonly AgentId[];
    };

/** Something that `dev` tells at once. */
export type DevEvent =
  | { readonly kind: "changed"; readonly paths: readonly string[] }
  /** Sources are compiled; empty where nothing had to be. */
  | { readonly kind: "built"; readonly names: readonly string[] }
  /** The configuration, a build or the start of a run failed; what ran before stays. */
  | { readonly kind: "refused"; readonly error: EngineError }
  /** A save that changes nothing for a run. */
  | { readonly kind: "unchanged" }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "planned"; readonly plan: DevPlan }
  | { readonly kind: "started"; readonly runId: string; readonly dir: string }
  | { readonly kind: "observed"; readonly observed: ObservedTick }
  | { readonly kind: "tool-line"; readonly line: ToolLine }
  | { readonly kind: "progress"; readonly progress: Progress }
  | {
      readonly kind: "ended";
      readonly result: RunResult;
      readonly failures: readonly DevFailure[];
      /** The failure of the earlier run, and whether it is gone. */
      readonly earlier?: { readonly failure: DevFailure; readonly isGone: boolean };
    }
  | { readonly kind: "verified"; readonly replay: ReplayReport }
  | { readonly kind: "difference"; readonly difference: RunDifference; readonly comparedTo: string }
  | { readonly kind: "watching"; readonly files: number }
  | { readonly kind: "cycle"; readonly cycle: DevCycle };

/** One cycle, for programs. */
export interface DevCycle {
  readonly cycle: number;
  /** Saved files that began it; empty for the first one and for keys. */
  readonly changed: readonly string[];
  /** Modules that had to be compiled. */
  readonly built: readonly string[];
  readonly plan?: DevPlan;
  readonly run?: RunResult;
  readonly failures: readonly DevFailure[];
  /** Present where the earlier run had failed. */
  readonly failureGone?: boolean;
  readonly replay?: "identical" | "diverged";
  readonly difference?: RunDifference;
  readonly comparedTo?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** What a whole session comes to. */
export interface DevReport {
  /** The last cycles. */
  readonly cycles: readonly DevCycle[];
  /** The run that was cut short by the end of the session: it can be resumed. */
  readonly interrupted?: RunResult;
}

/** What whoever sits in front of it wants. */
export type DevCommand = "again" | "fork" | "quit";

/** What holds in a world at all times, as configured and as found broken. Plain data. */

import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";

/** One entry of `invariants` in engine.yaml. */
export interface InvariantSetup {
  readonly name: string;
  /** Id or pattern of the agents that it is about; absent: all of them, where the expression is about one. */
  readonly agent?: string;
  readonly expression: string;
  /** Ticks between checks; absent: every tick. */
  readonly every?: number;
}

/** A part of the expression and what it was. */
export interface InvariantValue {
  readonly path: string;
  readonly value: Json;
}

/** The first tick at which an invariant does not hold. */
export interface Violation {
  readonly invariant: string;
  readonly expression: string;
  readonly tick: number;
  /** The agent that breaks it; null where no single one does. */
  readonly agent: AgentId | null;
  readonly values: readonly InvariantValue[];
}

/** How often an invariant was looked at. */
export interface InvariantFigures {
  readonly name: string;
  readonly expression: string;
  /** Evaluations: one per check, or one per agent and check. */
  readonly checked: number;
  /** Of these, evaluations that had a value. An invariant that never has one is probably written wrongly. */
  readonly decided: number;
}

/** Replays a run and looks whether invariants hold. */
export interface CheckJob {
  readonly kind: "check";
  readonly dir: string;
  /** First tick that is looked at; default: 0. */
  readonly from?: number;
  /** Last tick to be executed; default: the last committed one. */
  readonly to?: number;
  /** Default: those that the run keeps. */
  readonly invariants?: readonly InvariantSetup[];
  /** Only these of them. */
  readonly names?: readonly string[];
}

export interface CheckReport {
  readonly runId: string;
  readonly dir: string;
  /** No invariant was false. */
  readonly holds: boolean;
  /** First and last tick that were looked at; the last is the violating one where one is. */
  readonly from: number;
  readonly to: number;
  readonly ticksExecuted: number;
  readonly invariants: readonly InvariantFigures[];
  readonly violation: Violation | null;
}

/** Searches for the first tick at which something does not hold any more. */
export interface BisectJob {
  readonly kind: "bisect";
  readonly dir: string;
  /** A tick at which it holds; default: 0. */
  readonly good?: number;
  /** A tick at which it does not; default: the last committed one. */
  readonly bad?: number;
  /** Name of one that the run keeps, or one of its own. */
  readonly invariant: string | InvariantSetup;
}

/** What was looked at on the way, in order. */
export interface BisectStep {
  readonly tick: number;
  /** Of the snapshot that the world was restored from; -1 for the start of the run. */
  readonly restoredFrom: number;
  readonly ticksExecuted: number;
  readonly holds: boolean;
}

export interface BisectReport {
  readonly runId: string;
  readonly dir: string;
  readonly invariant: string;
  readonly expression: string;
  /** The first tick after a good one at which it does not hold. */
  readonly firstBad: number;
  /** The executed tick before it, at which it still held; -1 for the start. */
  readonly lastGood: number;
  readonly violation: Violation;
  readonly steps: readonly BisectStep[];
  readonly ticksExecuted: number;
}

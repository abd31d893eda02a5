/** What a sweep is asked and what it answers: one row per combination, in the order of the combinations. */

import type { Json } from "@wasm-engine/core";
import type { Setting } from "../config/settings.js";

/** A part of the configuration and the values that it takes in turn. */
export interface SweptSetting {
  readonly path: string;
  readonly values: readonly Json[];
}

export interface SweepMetric {
  readonly name: string;
  /** Over the final world (`agents`, `tick`) and the figures of the run (`run.messages`, `run.faults`, …). */
  readonly expression: string;
}

export interface SweepOptions {
  /** Default: the configured one alone. */
  readonly seeds?: readonly number[];
  readonly settings?: readonly SweptSetting[];
  readonly metrics?: readonly SweepMetric[];
  /** Every run ends before this tick at the latest. */
  readonly ticks?: number;
  /** Runs at the same time; default: 1. */
  readonly jobs?: number;
  /** Default: `.wasm-engine/sweeps/<name of the configuration>` beside it. What it holds already is not run again. */
  readonly dir?: string;
  readonly allowUnsigned?: boolean;
  readonly isolation?: "process" | "inline";
  readonly signal?: AbortSignal;
  /** Told of every row as it is known. */
  readonly onRow?: (row: SweepRow, done: number, count: number) => void;
}

/** One combination. */
export interface Combination {
  readonly index: number;
  /** Absent: the configured one. */
  readonly seed?: number;
  readonly settings: readonly Setting[];
}

export interface SweepRow {
  readonly index: number;
  readonly seed: number | null;
  readonly settings: Readonly<Record<string, Json>>;
  /** It ran to its end. */
  readonly ok: boolean;
  /** Folder of the run; null where there is none. */
  readonly dir: string | null;
  readonly reason: string | null;
  readonly ticks: number | null;
  readonly chainHead: string | null;
  readonly agents: number | null;
  readonly turns: number | null;
  readonly messages: number | null;
  readonly faults: number | null;
  readonly fuel: number | null;
  readonly metrics: Readonly<Record<string, Json>>;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface SweepReport {
  readonly dir: string;
  readonly rows: readonly SweepRow[];
  /** Rows that an earlier sweep in the same folder had already. */
  readonly reused: number;
  readonly failed: number;
}

/**
 * What one file of the official suite gives in this process: results bit for bit, traps, refusals, and fuel against the
 * per-instruction oracle. Plain data, so that it can leave the process.
 */

import { EngineError } from "@wasm-engine/abi";
import { instrument } from "../instrument.js";
import type { ConformanceFile } from "./conformance.js";
import { neededFeatures } from "./feature-witness.js";
import { SuiteComparison } from "./suite-comparison.js";
import { emptyCounts, runSuiteFile } from "./suite-run.js";

export interface SuiteFileReport {
  readonly file: string;
  /** Modules that ran. */
  readonly modules: number;
  /** Refused modules by code and feature. */
  readonly refused: Readonly<Record<string, number>>;
  /** Returns, traps, links and invalid modules that came out as expected, failed ones included. */
  readonly checks: number;
  readonly returns: number;
  readonly traps: number;
  readonly links: number;
  readonly invalid: number;
  readonly text: number;
  readonly skipped: number;
  /** Fuel totals that were compared with the oracle's, and budgets tried. */
  readonly fuelTotals: number;
  readonly budgets: number;
  readonly failures: readonly string[];
}

/** Instrumented so that it stands in for the original. */
export function standIn(bytes: Uint8Array): Uint8Array {
  return instrument(bytes, { profile: "conformance" }).bytes;
}

/** @param withBudgets also tries totals and totals less one as budgets, which costs two more calls each */
export function suiteFileReport(file: ConformanceFile, withBudgets: boolean): SuiteFileReport {
  const counts = emptyCounts();
  runSuiteFile(file, standIn, counts);
  const failures = [...counts.failures, ...wrongRefusals(file)];
  const fuel = { fuelTotals: 0, budgets: 0 };
  if (counts.refused === 0) {
    const comparison = new SuiteComparison(standIn, withBudgets);
    comparison.run(file);
    Object.assign(fuel, { fuelTotals: comparison.counts.fuelTotals, budgets: comparison.counts.budgets });
    failures.push(...comparison.counts.differences);
  }
  const { modules, returns, traps, links, invalid, text, skipped, refusals } = counts;
  const checks = returns + traps + links + invalid;
  const refused = Object.fromEntries(refusals);
  return {
    ...{ file: file.name, modules, refused, checks, returns, traps, links, invalid, text, skipped },
    ...{ ...fuel, failures },
  };
}

/** Modules that are refused for a feature that they do not need, or for anything but a feature. */
function wrongRefusals(file: ConformanceFile): string[] {
  const wrong: string[] = [];
  for (const { type, line, filename } of file.commands) {
    if (type !== "module" || filename === undefined) continue;
    const bytes = file.module(filename);
    try {
      standIn(bytes);
    } catch (error) {
      if (!EngineError.is(error)) throw error;
      const needed = neededFeatures(bytes).map(String);
      const named = String(error.details["feature"]);
      if (error.code === "WE_MODULE_FEATURE_REFUSED" && needed.includes(named)) continue;
      wrong.push(
        `${file.name}:${line} ${error.code} ${named}, but it needs ${needed.join(", ") || "no feature"}`,
      );
    }
  }
  return wrong;
}

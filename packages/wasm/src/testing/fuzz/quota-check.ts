/** The calls of a module once more, with little memory allowed: growth is decided by the quota, as interpreted. */

import { Instrumented } from "@wasm-engine/abi";
import type { PlannedCall } from "./call-plan.js";
import type { Difference } from "./fuzz-check.js";
import type { FuzzCounts } from "./fuzz-counts.js";
import { DEPTH_PER_CALL, FUEL_PER_CALL } from "./fuzz-world.js";
import type { CallReport, FuzzWorld } from "./fuzz-world.js";
import { InterpretedWorld } from "./interpreted-world.js";
import type { InterpretedReport } from "./interpreted-world.js";
import { compareInterpreted, compareInterpretedState } from "./interpreter-check.js";
import type { ModuleShape } from "./module-shape.js";

const usual = { fuel: FUEL_PER_CALL, depth: DEPTH_PER_CALL };

export interface QuotaInput {
  readonly bytes: Uint8Array;
  readonly shape: ModuleShape;
  /** A fresh instance of the instrumented module. */
  readonly world: FuzzWorld;
  readonly calls: readonly PlannedCall[];
  readonly pagesMax: number;
  readonly counts: FuzzCounts;
}

/** Runs start function and calls until one of them does not return. */
export function checkQuota(input: QuotaInput): Difference | undefined {
  const { bytes, shape, world, calls, pagesMax, counts } = input;
  const interpreted = new InterpretedWorld(bytes, shape, pagesMax);
  world.pagesMax = pagesMax;
  const compare = (
    place: string,
    report: CallReport,
    other: InterpretedReport,
  ): Difference | "stop" | undefined => {
    counts.interpreted += 1;
    const found = compareInterpreted(`${place} with ${pagesMax} pages`, report, other);
    if (found !== undefined) return found;
    if (report.outcome.kind !== "returned" || other.kind !== "returned") return "stop";
    return compareInterpretedState(place, world, interpreted);
  };
  const start = interpreted.start(usual);
  const begun = start === undefined ? undefined : compare("start", world.call(Instrumented.start, []), start);
  if (begun !== undefined) return begun === "stop" ? undefined : begun;
  for (const call of calls) {
    const { name } = call.entry;
    const found = compare(name, world.call(name, call.parameters), interpreted.call(call, usual));
    if (found !== undefined) return found === "stop" ? undefined : found;
  }
  return undefined;
}

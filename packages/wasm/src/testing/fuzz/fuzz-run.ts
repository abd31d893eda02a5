/** A row of cases from one seed, over all kinds. Stops at the first failure. */

import { derivedSeed } from "../random.js";
import { runCase } from "./fuzz-case.js";
import type { CaseOptions, FuzzFailure, FuzzKind } from "./fuzz-case.js";

export interface RunOptions extends CaseOptions {
  readonly seed: number;
  readonly kinds: readonly FuzzKind[];
  /** The first case, and the one behind the last; of all kinds together. */
  readonly from?: number;
  readonly count: number;
  /** Asked before every case; false ends the run. */
  readonly goesOn?: () => boolean;
}

/** Kind and seed of a case: the same however many processes share the work. */
export function caseAt(options: Pick<RunOptions, "seed" | "kinds">, index: number): [FuzzKind, number] {
  const seed = derivedSeed(options.seed, index);
  return [options.kinds[(seed >>> 8) % options.kinds.length] ?? "generated", seed];
}

export function runCases(options: RunOptions): FuzzFailure | undefined {
  const { from = 0, count } = options;
  for (let index = from; index < count; index += 1) {
    if (options.goesOn?.() === false) return undefined;
    const failure = runCase(...caseAt(options, index), options);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

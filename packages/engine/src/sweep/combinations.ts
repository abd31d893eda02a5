/** The combinations of a sweep in their order: the first setting changes slowest, the seed fastest. */

import type { Combination, SweepOptions } from "./contract.js";
import { sweepError } from "./errors.js";

/** Runs of one sweep. */
export const combinationsMax = 100_000;

/** @throws {WE_SWEEP_TOO_MANY} */
export function combinationsOf({
  seeds,
  settings = [],
}: Pick<SweepOptions, "seeds" | "settings">): readonly Combination[] {
  const count = settings.reduce((product, { values }) => product * values.length, seeds?.length ?? 1);
  if (count > combinationsMax) throw sweepError("WE_SWEEP_TOO_MANY", { most: combinationsMax });
  let rows: readonly Omit<Combination, "index">[] = [{ settings: [] }];
  for (const { path, values } of settings) {
    rows = rows.flatMap((row) => values.map((value) => ({ settings: [...row.settings, { path, value }] })));
  }
  if (seeds !== undefined) rows = rows.flatMap((row) => seeds.map((seed) => ({ ...row, seed })));
  return rows.map((row, index) => ({ index, ...row }));
}

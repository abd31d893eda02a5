/**
 * Brings the combinations of a sweep to rows, some at the same time. Rows are kept as they come, by what they depend
 * on, so that a sweep which was interrupted goes on and one with more values runs only what is new. What a combination
 * is made of is not known here.
 */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { storageError } from "../storage/errors.js";
import { errnoOf } from "../storage/file-system.js";
import { makeFolders } from "../storage/make-folders.js";
import { checkOutsideRuns } from "../storage/new-run-place.js";
import type { Combination, SweepOptions, SweepReport, SweepRow } from "./contract.js";
import { failedRow } from "./run-combination.js";

/** Rows that are known, one JSON document per line: `{ key, row }`. */
const rowsFile = "rows.jsonl";

/** One combination, ready to run. */
export interface PreparedRow {
  /** What the row depends on; two with the same key have the same row. */
  readonly key: string;
  run(): Promise<SweepRow>;
}

export interface RowPlan extends Pick<SweepOptions, "jobs" | "signal" | "onRow"> {
  /** Folder of the sweep. */
  readonly dir: string;
  readonly combinations: readonly Combination[];
  readonly prepare: (combination: Combination) => Promise<PreparedRow>;
}

/** What a single run throws is the error of its row. @throws {WE_RUN_NESTED} {WE_RUN_UNWRITABLE} */
export async function sweepRows(plan: RowPlan): Promise<SweepReport> {
  const { dir, combinations, jobs = 1, signal, onRow } = plan;
  makeSweepFolder(dir);
  const known = knownRows(dir);
  const rows: SweepRow[] = [];
  const counts = { reused: 0, done: 0 };
  const queue = [...combinations];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal?.throwIfAborted();
      const { row, isReused } = await rowOf(next, plan, known);
      rows.push(row);
      counts.reused += isReused ? 1 : 0;
      counts.done += 1;
      onRow?.(row, counts.done, combinations.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  rows.sort((left, right) => left.index - right.index);
  return { dir, rows, reused: counts.reused, failed: rows.filter(({ ok }) => !ok).length };
}

async function rowOf(
  combination: Combination,
  { dir, signal, prepare }: RowPlan,
  known: Map<string, SweepRow>,
): Promise<{ readonly row: SweepRow; readonly isReused: boolean }> {
  try {
    const prepared = await prepare(combination);
    const found = known.get(prepared.key);
    const { index, settings } = combination;
    if (found !== undefined) {
      const shown = Object.fromEntries(settings.map(({ path, value }) => [path, value]));
      return { row: { ...found, index, settings: shown }, isReused: true };
    }
    const row = await prepared.run();
    if (isEnded(row)) {
      known.set(prepared.key, row);
      appendFileSync(join(dir, rowsFile), `${JSON.stringify({ key: prepared.key, row })}\n`);
    }
    return { row, isReused: false };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    // Not kept: what a machine refuses today it may do tomorrow.
    return { row: failedRow(combination, error), isReused: false };
  }
}

/** A run that somebody stopped has come to no end of its own. */
export function isEnded({ reason }: SweepRow): boolean {
  return reason !== "interrupted" && reason !== "stopped";
}

/** @throws {WE_RUN_NESTED} {WE_RUN_UNWRITABLE} */
function makeSweepFolder(dir: string): void {
  checkOutsideRuns(dir);
  try {
    makeFolders(dir);
  } catch (error) {
    throw storageError("WE_RUN_UNWRITABLE", { path: dir, cause: errnoOf(error) });
  }
}

/**
 * Rows of the sweep in a folder, by key. A line that was torn by a power cut is passed over, its combination is run
 * again; so is one whose run is gone.
 */
export function knownRows(folder: string): Map<string, SweepRow> {
  const file = join(folder, rowsFile);
  const known = new Map<string, SweepRow>();
  if (!existsSync(file)) return known;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    try {
      const { key, row } = JSON.parse(line) as { readonly key: string; readonly row: SweepRow }; // written above
      if (row.dir !== null && existsSync(row.dir)) known.set(key, row);
    } catch {
      continue;
    }
  }
  return known;
}

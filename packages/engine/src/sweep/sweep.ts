/**
 * Runs a configuration once per combination of seeds and values. Rows are kept as they come, by what they depend on,
 * so that a sweep which was interrupted goes on and one with more values runs only what is new.
 */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { loadConfig } from "../config/load-config.js";
import { storageError } from "../storage/errors.js";
import { errnoOf } from "../storage/file-system.js";
import { makeFolders } from "../storage/make-folders.js";
import { checkOutsideRuns } from "../storage/new-run-place.js";
import { isFile, isFolder } from "../storage/path-kind.js";
import { combinationsOf } from "./combinations.js";
import type { Combination, SweepOptions, SweepReport, SweepRow } from "./contract.js";
import { failedRow, prepareRun, readMetrics, runCombination } from "./run-combination.js";

/** Rows that are known, one JSON document per line: `{ key, row }`. */
const rowsFile = "rows.jsonl";

/**
 * @throws {WE_SWEEP_TOO_MANY} {WE_CONFIG_MISSING} {WE_RUN_NESTED} {WE_RUN_UNWRITABLE} and the codes of expressions;
 * what a single run throws is the error of its row
 */
export async function sweepConfig(config: string, options: SweepOptions = {}): Promise<SweepReport> {
  const read = readMetrics(options.metrics ?? []);
  const combinations = combinationsOf(options);
  const dir = resolve(options.dir ?? defaultFolder(config));
  // Rows may fail one by one; without a configuration there are none.
  if (![resolve(config), join(resolve(config), "engine.yaml")].some(isFile)) await loadConfig(config);
  makeSweepFolder(dir);
  const known = knownRows(join(dir, rowsFile));
  const rows: SweepRow[] = [];
  const counts = { reused: 0, done: 0 };
  const queue = [...combinations];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      options.signal?.throwIfAborted();
      const { row, isReused } = await rowOf(config, next, { ...options, dir, read, known });
      rows.push(row);
      counts.reused += isReused ? 1 : 0;
      counts.done += 1;
      options.onRow?.(row, counts.done, combinations.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs ?? 1) }, work));
  rows.sort((left, right) => left.index - right.index);
  return { dir, rows, reused: counts.reused, failed: rows.filter(({ ok }) => !ok).length };
}

type Sweeping = Parameters<typeof runCombination>[2] & { readonly known: Map<string, SweepRow> };

async function rowOf(
  config: string,
  combination: Combination,
  sweeping: Sweeping,
): Promise<{ readonly row: SweepRow; readonly isReused: boolean }> {
  const { known, dir, signal } = sweeping;
  try {
    const prepared = await prepareRun(config, combination, sweeping);
    const found = known.get(prepared.key);
    const { index, settings } = combination;
    if (found !== undefined) {
      const shown = Object.fromEntries(settings.map(({ path, value }) => [path, value]));
      return { row: { ...found, index, settings: shown }, isReused: true };
    }
    const row = await runCombination(combination, prepared, sweeping);
    // A run that somebody stopped has come to no end of its own.
    if (row.reason !== "interrupted" && row.reason !== "stopped") {
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

/** @throws {WE_RUN_NESTED} {WE_RUN_UNWRITABLE} */
function makeSweepFolder(dir: string): void {
  checkOutsideRuns(dir);
  try {
    makeFolders(dir);
  } catch (error) {
    throw storageError("WE_RUN_UNWRITABLE", { path: dir, cause: errnoOf(error) });
  }
}

function defaultFolder(config: string): string {
  const path = resolve(config);
  const [folder, name] = isFolder(path) ? [path, "engine"] : [dirname(path), basename(path, extname(path))];
  return join(folder, ".wasm-engine", "sweeps", name);
}

/** A line that was torn by a power cut is passed over, its combination is run again; so is one whose run is gone. */
function knownRows(file: string): Map<string, SweepRow> {
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

/** Giving up runs or parts of them: `compact`, `rm`, `gc`. */

import { resolve } from "node:path";
import type { CompactOptions } from "../upkeep/compact-run.js";
import type { CollectOptions } from "../upkeep/collect-waste.js";
import type { CollectReport, CompactReport, RemoveReport } from "../upkeep/contract.js";
import type { ForksOfRemoved } from "../upkeep/remove-runs.js";
import { resolveRun } from "../world/run-reference.js";

/**
 * Gives up what a run holds from before the newest snapshot at or before `keepFrom`. The run goes on, and everything
 * from that snapshot on replays; what came before is gone.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_LOCKED} {WE_RUN_TICK} {WE_COMPACT_SNAPSHOT} {WE_LOG_DAMAGED}
 */
export async function compactRun(
  run: string,
  options: CompactOptions & { readonly baseDirectory?: string } = {},
): Promise<CompactReport> {
  const { compactFolder } = await import("../upkeep/compact-run.js");
  return compactFolder(resolveRun(run, options.baseDirectory), options);
}

/**
 * Removes whole runs, all of them or none. Forks keep the runs that they were made from, unless told otherwise.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_LOCKED} {WE_RM_FORKS} {WE_RM_NOT_A_RUN} {WE_RUN_UNWRITABLE}
 */
export async function removeRuns(
  runs: readonly string[],
  options: { readonly forks?: ForksOfRemoved; readonly baseDirectory?: string } = {},
): Promise<RemoveReport> {
  const { forks = "refuse", baseDirectory = process.cwd() } = options;
  const upkeep = await import("../upkeep/remove-runs.js");
  const dirs = [...new Set(runs.map((run) => resolve(resolveRun(run, baseDirectory))))];
  return upkeep.removeRuns(dirs, { baseDirectory, forks });
}

/** Removes what no run of `baseDirectory` and the projects below it needs. */
export async function collectWaste(
  options: CollectOptions & { readonly baseDirectory?: string } = {},
): Promise<CollectReport> {
  const upkeep = await import("../upkeep/collect-waste.js");
  return upkeep.collectWaste(options.baseDirectory ?? process.cwd(), options);
}

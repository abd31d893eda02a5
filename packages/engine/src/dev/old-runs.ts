/** Runs of `dev`: named by their folder, kept in a small number, removed only where nobody has them open. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder } from "../storage/index.js";
import { listRunIds, newRunId, runsDirectory } from "../world/run-reference.js";
import { devRunsKept } from "./limits.js";

const suffix = "-dev";

/** Folder for a new run of `dev`. */
export function newDevRun(baseDirectory: string): string {
  return join(runsDirectory(baseDirectory), `${newRunId()}${suffix}`);
}

/** Removes all but the newest runs of `dev`; returns the ids of what was removed. Other runs are never touched. */
export function removeOldRuns(baseDirectory: string, kept: number = devRunsKept): readonly string[] {
  const ids = listRunIds(baseDirectory).filter((id) => id.endsWith(suffix));
  return ids
    .slice(0, Math.max(0, ids.length - kept))
    .filter((id) => remove(join(runsDirectory(baseDirectory), id)));
}

/** A run that somebody has open stays. */
function remove(dir: string): boolean {
  try {
    const lock = RunFolder.open(dir, nodeHasher).lock();
    lock.release();
  } catch {
    // Open elsewhere, or no run folder of this release: not ours to remove.
    return false;
  }
  rmSync(dir, { recursive: true, force: true });
  return true;
}

/** Where a new run may be made: nothing is there yet but perhaps an empty folder, and it lies in no other run. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { storageError } from "./errors.js";

/** @throws {WE_RUN_EXISTS} {WE_RUN_NESTED} */
export function checkNewRunPlace(path: string): void {
  if (isTaken(path)) throw storageError("WE_RUN_EXISTS", { path });
  checkOutsideRuns(path);
}

/** Neither a run nor within one. @throws {WE_RUN_NESTED} */
export function checkOutsideRuns(path: string): void {
  for (let above = resolve(path); ; above = dirname(above)) {
    // Both, so that a project with a file of that name is none.
    const isRun = existsSync(join(above, "run.json")) && existsSync(join(above, "log"));
    if (isRun) throw storageError("WE_RUN_NESTED", { path, run: above });
    if (above === dirname(above)) return;
  }
}

/** What cannot be looked at is told by whoever writes there. */
function isTaken(path: string): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && (!stats.isDirectory() || readdirSync(path).length > 0);
  } catch {
    return false;
  }
}

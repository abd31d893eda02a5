/**
 * Files and folders that are made beside their place, as `.NAME.PID.tmp`, before they are moved there. What a process
 * that is gone has left of them goes when the next one is made for the same place.
 */

import { rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, nodeFileSystem } from "./file-system.js";

/** Where this process makes what will come to `place`. */
export function placeBeside(place: string): string {
  return join(dirname(place), `.${basename(place)}.${process.pid}.tmp`);
}

/** Removes what others left beside `place`, and what had this process's number before it. @throws errors of node:fs */
export function removeAbandoned(place: string): void {
  const folder = dirname(place);
  const [begin, end] = [`.${basename(place)}.`, ".tmp"];
  for (const name of nodeFileSystem.list(folder) ?? []) {
    if (!name.startsWith(begin) || !name.endsWith(end)) continue;
    const pid = name.slice(begin.length, -end.length);
    if (/^[1-9]\d*$/.test(pid) && (Number(pid) === process.pid || !isProcess(Number(pid))))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without permission to signal it, the process is there and belongs to somebody else.
    return errnoOf(error) === "EPERM";
  }
}

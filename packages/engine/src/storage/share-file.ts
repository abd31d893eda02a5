/** One file in two folders: files that are never changed are given further names instead of being copied. */

import { copyFileSync, constants, linkSync } from "node:fs";

/** A further name for a file; a copy where the disk or another owner does not allow it. @throws what copying throws */
export function shareFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
}

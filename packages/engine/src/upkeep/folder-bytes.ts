/** How much lies in files and folders. What changes meanwhile is counted as far as it is there. */

import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface FolderSize {
  readonly files: number;
  readonly bytes: number;
}

const nothing: FolderSize = { files: 0, bytes: 0 };

/** Of everything at `path`; links are not followed. */
export function sizeAt(path: string): FolderSize {
  try {
    const entry = lstatSync(path);
    if (!entry.isDirectory()) return { files: 1, bytes: entry.size };
    return readdirSync(path).reduce((sum, name) => sumOf(sum, sizeAt(join(path, name))), nothing);
  } catch {
    return nothing;
  }
}

export function sumOf(left: FolderSize, right: FolderSize): FolderSize {
  return { files: left.files + right.files, bytes: left.bytes + right.bytes };
}

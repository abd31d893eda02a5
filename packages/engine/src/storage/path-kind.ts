/**
 * What stands at a path that somebody named, asked without an error: links in a circle, names that are too long and
 * folders that may not be entered hold nothing that could be used. Pipes and devices are no files: reading one may
 * never end.
 */

import { statSync } from "node:fs";
import type { Stats } from "node:fs";

/** True where `path` leads to an ordinary file, of at most `bytesMax` bytes. */
export function isFile(path: string, bytesMax = Infinity): boolean {
  const stats = statsOf(path);
  return stats?.isFile() === true && stats.size <= bytesMax;
}

/** True where `path` leads to a folder. */
export function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/**
 * Makes a folder and those above it. Not the recursive mkdir of Node: that one tries for ever where the folder above is
 * there and still takes no entry, as in /proc.
 */

import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** No error where the folder exists. Returns the first folder that it made. @throws errors of node:fs */
export function makeFolders(path: string): string | undefined {
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // errors of node:fs have a code
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
    const above = dirname(path);
    if (code !== "ENOENT" || above === path || existsSync(above)) throw error;
    const first = makeFolders(above);
    return makeFolders(path) === undefined ? first : (first ?? path);
  }
}

/**
 * Makes a folder and those above it. Not the recursive mkdir of Node: that one tries for ever where the folder above is
 * there and still takes no entry, as in /proc. And nobody but this knows which folders above were made: their names
 * are brought onto the disk here, or a power cut would take everything below them.
 */

import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./sync-folder.js";

/**
 * No error where the folder exists. The names of folders made above it are on the disk then, its own is once the
 * folder above is synced. Returns the first folder that it made. @throws errors of node:fs
 */
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
    if (first !== undefined) syncFolder(dirname(above));
    return makeFolders(path) === undefined ? first : (first ?? path);
  }
}

/** As {@link makeFolders}, and its own name is on the disk too. */
export function makeDurableFolders(path: string): void {
  if (makeFolders(path) !== undefined) syncFolder(dirname(path));
}

/** The names in a folder of this machine, brought onto the disk. */

import { closeSync, constants, fsyncSync, openSync } from "node:fs";

/** Returns when created, renamed and removed names are on the disk. @throws errors of node:fs */
export function syncFolder(path: string): void {
  // Windows cannot open folders; there, names are made durable with the file itself.
  if (process.platform === "win32") return;
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

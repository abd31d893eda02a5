/** Directory walk; `fs.globSync` exists only from Node 22 on. */

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Files below `root/start` for which `wanted` holds, as paths from `root`. Skips node_modules. */
export function globSync(root: string, start: string, wanted: (path: string) => boolean): string[] {
  const found: string[] = [];
  const pending = [start];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== "node_modules") pending.push(path);
      else if (entry.isFile() && wanted(path)) found.push(path);
    }
  }
  return found;
}

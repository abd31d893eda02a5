/** Which project a file belongs to: keys, cache and trust policy are the project's. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The nearest folder with an engine.yaml, from that of `file` upwards. */
export function projectFolder(file: string): string | undefined {
  for (let folder = dirname(resolve(file)); ; folder = dirname(folder)) {
    if (statSync(resolve(folder, "engine.yaml"), { throwIfNoEntry: false })?.isFile() === true) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

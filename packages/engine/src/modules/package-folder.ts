/** Finds installed packages by name, from this package and from the project that is built. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Folder of a package, or `undefined` where it is not installed. */
export function packageFolder(name: string, project?: string): string | undefined {
  const starts = [import.meta.url, ...(project === undefined ? [] : [join(project, "engine.yaml")])];
  for (const start of starts) {
    try {
      return dirname(createRequire(start).resolve(`${name}/package.json`));
    } catch {
      // Not reachable from here: try the next start.
    }
  }
  return undefined;
}

/** Version of the package in a folder that {@link packageFolder} has found. */
export function packageVersion(folder: string): string {
  const text = readFileSync(join(folder, "package.json"), "utf8");
  const manifest = JSON.parse(text) as { readonly version: string }; // npm's format
  return manifest.version;
}

/** Worlds of TypeScript agents in folders of their own, as projects have them. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repositoryRoot } from "./repository.js";

export interface Project {
  readonly folder: string;
  readonly config: string;
  remove(): void;
}

/** A folder with these files and the guests of `sdk/tests/guests/NAME`, if one is named. */
export function projectOf(files: Readonly<Record<string, string>>, guests?: string): Project {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-agents-"));
  if (guests !== undefined)
    cpSync(join(repositoryRoot, "sdk/tests/guests", guests), folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return {
    folder,
    config: join(folder, "engine.yaml"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

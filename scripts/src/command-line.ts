/** The command line that users have, as a process of its own: one verb, and the JSON document that it ends with. */

import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "./tidy/source-tree.js";

const program = join(repositoryRoot, "apps/cli/bin/wasm-engine.js");

export interface CommandLineOptions {
  /** @default the Node that runs this */
  readonly node?: string;
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** Besides the variables of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether what the verb says while it runs goes to this process's terminal or comes back. @default "inherit" */
  readonly stderr?: "inherit" | "pipe";
}

/** Runs `wasm-engine …words --json` in the repository's root. */
export function commandLine(
  words: readonly string[],
  { node = process.execPath, flags = [], environment = {}, stderr = "inherit" }: CommandLineOptions = {},
): SpawnSyncReturns<string> {
  return spawnSync(node, [...flags, program, ...words, "--json"], {
    cwd: repositoryRoot,
    encoding: "utf8",
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", stderr],
    maxBuffer: 1 << 28,
  });
}

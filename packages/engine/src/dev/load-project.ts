/** Loads the configuration for `dev` and remembers what it is made of, also where it fails half-way. */

import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { LoadedConfig } from "../config/load-config.js";
import { loadConfig } from "../client/deferred.js";
import { isFolder } from "../storage/path-kind.js";
import type { DevOptions } from "./contract.js";
import { devError } from "./errors.js";
import { watchedFilesMax } from "./limits.js";

export interface Project {
  readonly loaded: LoadedConfig;
  /** Source or .wasm file by module name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Modules that had to be compiled. */
  readonly built: readonly string[];
  readonly files: ReadonlySet<string>;
  /** Sources beside the file of a tool, which it may import, and that file. */
  readonly besideTools: ReadonlyMap<string, string>;
}

export type LoadedProject =
  | { readonly ok: true; readonly project: Project }
  | { readonly ok: false; readonly error: EngineError; readonly files: ReadonlySet<string> };

/** Never throws a coded error: a project that cannot be loaded is watched until it can. */
export async function loadProject(options: DevOptions): Promise<LoadedProject> {
  const files = new Set<string>([configPath(options.config)]);
  const sources = new Map<string, string>();
  const built: string[] = [];
  const { seed, allowUnsigned } = options;
  try {
    const loaded = await loadConfig(options.config, {
      ...(seed === undefined ? {} : { seed }),
      ...(allowUnsigned === undefined ? {} : { allowUnsigned }),
      witness: {
        file: (path) => void files.add(path),
        module: (name, { path, isBuilt }) => {
          sources.set(name, path);
          if (isBuilt) built.push(name);
        },
      },
    });
    if (loaded.world.inputs.some(({ path }) => path === "-"))
      throw devError("WE_DEV_STANDARD_INPUT", { config: options.config });
    const besideTools = sourcesBesideTools(loaded, files);
    for (const path of besideTools.keys()) files.add(path);
    return { ok: true, project: { loaded, sources, built, files, besideTools } };
  } catch (error) {
    if (!EngineError.is(error) || error.code.startsWith("WE_INTERNAL_")) throw error;
    return { ok: false, error, files };
  }
}

/** The file itself, whether it is there or not. */
function configPath(config: string): string {
  const path = resolve(config);
  return isFolder(path) || (!existsSync(path) && !/\.ya?ml$/.test(path)) ? join(path, "engine.yaml") : path;
}

/** Nobody knows what a tool imports before it runs: its folder stands for that, without what modules are made of. */
function sourcesBesideTools(
  { world }: LoadedConfig,
  known: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const beside = new Map<string, string>();
  for (const adapter of world.adapters ?? []) {
    if (adapter.kind !== "tool") continue;
    const folder = dirname(adapter.path);
    for (const name of readdirSync(folder).slice(0, watchedFilesMax)) {
      const path = join(folder, name);
      const isSource = /\.(ts|mts|js|mjs|json)$/.test(name) && !/\.test\.\w+$/.test(name);
      if (isSource && !known.has(path)) beside.set(path, adapter.path);
    }
  }
  return beside;
}

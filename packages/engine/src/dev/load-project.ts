/** Loads the configuration for `dev` and remembers what it is made of, also where it fails half-way. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { LoadedConfig } from "../config/load-config.js";
import { loadConfig } from "../client/deferred.js";
import { isFolder } from "../storage/path-kind.js";
import type { DevOptions } from "./contract.js";
import { devError } from "./errors.js";

export interface Project {
  readonly loaded: LoadedConfig;
  /** Source or .wasm file by module name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Modules that had to be compiled. */
  readonly built: readonly string[];
  readonly files: ReadonlySet<string>;
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
    return { ok: true, project: { loaded, sources, built, files } };
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

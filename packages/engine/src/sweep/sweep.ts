/** Runs a configuration once per combination of seeds and values. */

import { basename, dirname, extname, join, resolve } from "node:path";
import { loadConfig } from "../config/load-config.js";
import { isFile, isFolder } from "../storage/path-kind.js";
import { combinationsOf } from "./combinations.js";
import type { SweepOptions, SweepReport } from "./contract.js";
import { prepareRun, readMetrics, runCombination } from "./run-combination.js";
import { sweepRows } from "./sweep-rows.js";

/**
 * @throws {WE_SWEEP_TOO_MANY} {WE_CONFIG_MISSING} {WE_RUN_NESTED} {WE_RUN_UNWRITABLE} and the codes of expressions;
 * what a single run throws is the error of its row
 */
export async function sweepConfig(config: string, options: SweepOptions = {}): Promise<SweepReport> {
  const read = readMetrics(options.metrics ?? []);
  const combinations = combinationsOf(options);
  const dir = resolve(options.dir ?? defaultFolder(config));
  // Rows may fail one by one; without a configuration there are none.
  if (![resolve(config), join(resolve(config), "engine.yaml")].some(isFile)) await loadConfig(config);
  return sweepRows({
    ...options,
    dir,
    combinations,
    prepare: async (combination) => {
      const prepared = await prepareRun(config, combination, options);
      return {
        key: prepared.key,
        run: () => runCombination(combination, prepared, { ...options, dir, read }),
      };
    },
  });
}

function defaultFolder(config: string): string {
  const path = resolve(config);
  const [folder, name] = isFolder(path) ? [path, "engine"] : [dirname(path), basename(path, extname(path))];
  return join(folder, ".wasm-engine", "sweeps", name);
}

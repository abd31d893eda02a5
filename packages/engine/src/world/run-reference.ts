/** Names of runs: paths, unique prefixes of ids, `@last`. Runs live in `.wasm-engine/runs` below a configuration. */

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fail } from "./errors.js";

/** Folder of all runs below `baseDirectory`. */
export function runsDirectory(baseDirectory: string): string {
  return join(baseDirectory, ".wasm-engine", "runs");
}

/** A new id: sortable by time, unique by chance. Side information: nothing in the world depends on it. */
export function newRunId(): string {
  const time = new Date().toISOString().replace(/[-:.]/g, "").replace("T", "-").slice(0, 18);
  return `${time}-${randomBytes(3).toString("hex")}`;
}

/** Ids of the runs below `baseDirectory`, oldest first. */
export function listRunIds(baseDirectory: string): readonly string[] {
  const directory = runsDirectory(baseDirectory);
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map((entry) => entry.name).sort();
}

/**
 * Folder of the run that `reference` names.
 * @throws {WE_RUN_UNKNOWN} @throws {WE_RUN_AMBIGUOUS}
 */
export function resolveRun(reference: string, baseDirectory: string = process.cwd()): string {
  const path = resolve(baseDirectory, reference);
  if (existsSync(path) && statSync(path).isDirectory()) return path;
  const ids = listRunIds(baseDirectory);
  const fitting = reference === "@last" ? ids.slice(-1) : ids.filter((id) => id.startsWith(reference));
  const [id] = fitting;
  if (id === undefined) throw fail("WE_RUN_UNKNOWN", { run: reference });
  if (fitting.length > 1) {
    throw fail("WE_RUN_AMBIGUOUS", {
      run: reference,
      count: fitting.length,
      runs: fitting.slice(0, 5).join(", "),
    });
  }
  return join(runsDirectory(baseDirectory), id);
}

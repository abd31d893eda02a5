/**
 * `rm`: removes whole runs. A run first gets a hidden name in its folder, in one rename, so that it is there or not;
 * what an interruption leaves is for `gc`.
 */

import { readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { nodeHasher } from "../crypto/node-crypto.js";
import { storageError } from "../storage/errors.js";
import { errnoOf } from "../storage/file-system.js";
import { RunFolder, RunLock, nodeFileSystem } from "../storage/index.js";
import { runsBelow } from "../world/run-reference.js";
import type { RemoveReport, RemovedRun } from "./contract.js";
import { upkeepError } from "./errors.js";
import { sizeAt } from "./folder-bytes.js";

/** Forks of a run: removed with it, or left without it; else they keep it. */
export type ForksOfRemoved = "refuse" | "remove" | "orphan";

/** Suffix of the name that a run has while it is being removed. */
export const removedSuffix = ".removed";

/** What a run folder holds; files and folders of other names are somebody's own. */
const ownNames: ReadonlySet<string> = new Set([
  "run.json",
  "lock",
  "log",
  "synced",
  "side.jsonl",
  "snapshots",
  "pages",
  "modules",
  "index",
  "control.sock",
  "engine.log",
  "fork.cbor",
  "outputs",
]);

interface KnownRun {
  readonly runId: string;
  readonly dir: string;
  /** The run that it was forked from. */
  readonly parent: string | undefined;
}

/**
 * Removes the runs in `dirs`. Either all of them can be removed, or none is.
 * @param baseDirectory where forks are looked for
 * @throws {WE_RUN_NOT_FOUND} {WE_RUN_LOCKED} {WE_RM_FORKS} {WE_RM_NOT_A_RUN} {WE_RUN_UNWRITABLE}
 */
export function removeRuns(
  dirs: readonly string[],
  { baseDirectory, forks }: { readonly baseDirectory: string; readonly forks: ForksOfRemoved },
): RemoveReport {
  const known = runsBelow(baseDirectory).flatMap(({ dir }) => knownRun(dir) ?? []);
  const named = dirs.map((dir) => knownRun(dir) ?? { runId: basename(dir), dir, parent: undefined });
  const all = forks === "remove" ? withForks(named, known) : named;
  for (const run of all) {
    checkOwn(run);
    if (forks === "refuse") checkForks(run, all, known);
  }
  const locks: RunLock[] = [];
  try {
    for (const { dir } of all) locks.push(...locksOf(dir));
    const removed = [...all].reverse().map(removeRun);
    return { removed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** A run as its run.json tells; undefined where that does not read, which does not keep it from being removed. */
function knownRun(dir: string): KnownRun | undefined {
  try {
    const info = RunFolder.open(dir, nodeHasher).readInfo() as Readonly<Record<string, unknown>>; // looked at next
    const { parent } = (info["fork"] ?? {}) as Readonly<Record<string, unknown>>; // as above
    const { runId } = info;
    if (typeof runId !== "string") return undefined;
    return { runId, dir, parent: typeof parent === "string" ? parent : undefined };
  } catch {
    return undefined;
  }
}

/** The runs and, behind each, its forks and theirs. */
function withForks(named: readonly KnownRun[], known: readonly KnownRun[]): readonly KnownRun[] {
  const all = new Map<string, KnownRun>();
  const going = new Set(named.map(({ dir }) => dir));
  const add = (run: KnownRun): void => {
    if (all.has(run.dir)) return;
    all.set(run.dir, run);
    if (hasTwin(run, going, known)) return;
    for (const other of known) if (other.parent === run.runId) add(other);
  };
  named.forEach(add);
  return [...all.values()];
}

/** A copy of the run stays: forks have their parent there. */
function hasTwin({ runId, dir }: KnownRun, going: ReadonlySet<string>, known: readonly KnownRun[]): boolean {
  return known.some((other) => other.runId === runId && other.dir !== dir && !going.has(other.dir));
}

/** @throws {WE_RM_FORKS} */
function checkForks(run: KnownRun, all: readonly KnownRun[], known: readonly KnownRun[]): void {
  const going = new Set(all.map(({ dir }) => dir));
  const staying = known.filter(({ dir, parent }) => parent === run.runId && !going.has(dir));
  if (staying.length === 0 || hasTwin(run, going, known)) return;
  throw upkeepError("WE_RM_FORKS", {
    run: run.runId,
    forks: staying.map(({ runId }) => runId).join(", "),
  });
}

/** @throws {WE_RUN_NOT_FOUND} {WE_RM_NOT_A_RUN} */
function checkOwn({ dir }: KnownRun): void {
  const names = nodeFileSystem.list(dir) ?? [];
  if (!names.includes("run.json")) throw storageError("WE_RUN_NOT_FOUND", { path: dir });
  const others = names.filter((name) => !ownNames.has(name) && !/^(lock\.|.*\.tmp$)/.test(name));
  if (others.length > 0) throw upkeepError("WE_RM_NOT_A_RUN", { dir, names: others.slice(0, 5).join(", ") });
}

/** Nobody may have the run open, nor read on in its files. @throws {WE_RUN_LOCKED} */
function locksOf(dir: string): readonly RunLock[] {
  const run = RunLock.acquire(join(dir, "lock"));
  try {
    const hasIndex = nodeFileSystem.list(join(dir, "index")) !== undefined;
    return hasIndex ? [run, RunLock.acquire(join(dir, "index", "lock"))] : [run];
  } catch (error) {
    run.release();
    throw error;
  }
}

function removeRun({ runId, dir }: KnownRun): RemovedRun {
  const { bytes } = sizeAt(dir);
  const hidden = hiddenPlace(dir);
  try {
    renameSync(dir, hidden);
    nodeFileSystem.syncFolder(dirname(dir));
    rmSync(hidden, { recursive: true, force: true });
  } catch (error) {
    throw storageError("WE_RUN_UNWRITABLE", { path: dir, cause: errnoOf(error) });
  }
  return { runId, dir, bytes };
}

function hiddenPlace(dir: string): string {
  const taken = new Set(readdirSync(dirname(dir)));
  for (let number = 0; ; number += 1) {
    const name = `.${basename(dir)}.${number}${removedSuffix}`;
    if (!taken.has(name)) return join(dirname(dir), name);
  }
}

/**
 * `gc`: removes what no run needs. Inside a run only under the lock of the run, so never beside a world; outside of
 * runs only what nobody has touched for a while, because nothing there tells who is at work on it.
 */

import { lstatSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { nodeHasher } from "../crypto/node-crypto.js";
import { allSegmentIndexes, segmentIndexes } from "../storage/log-segments.js";
import { segmentName } from "@wasm-engine/core";
import { RunFolder, RunLock, lockHolder, nodeFileSystem } from "../storage/index.js";
import { storageError } from "../storage/errors.js";
import { guardedWrite } from "../storage/write-error.js";
import { projectPlaces, runsBelow, runsDirectory } from "../world/run-reference.js";
import { moduleDigestsOf } from "../world/run-store.js";
import type { CollectReport, PassedOverRun, Waste, WasteKind } from "./contract.js";
import { sizeAt, sumOf } from "./folder-bytes.js";
import type { FolderSize } from "./folder-bytes.js";
import { removedSuffix } from "./remove-runs.js";

export interface CollectOptions {
  /** Says what would go and removes nothing. */
  readonly dryRun?: boolean;
  /** Also what can be made or asked again: kept answers, prepared modules, indexes of followers. */
  readonly caches?: boolean;
  /** Folders of runs that lie elsewhere (`--dir`), and folders that hold such runs (of a sweep). */
  readonly runs?: readonly string[];
  /** Outside of runs only what was not touched for so long. Default: {@link minAgeMsDefault}. */
  readonly minAgeMs?: number;
}

/** Longer than any import or fork takes between two writes. */
export const minAgeMsDefault: number = 10 * 60_000;

interface Found {
  readonly kind: WasteKind;
  readonly path: string;
}

/** Removes the waste of `baseDirectory` and the projects below it. @throws {WE_RUN_UNWRITABLE} {WE_RUN_NOT_FOUND} */
export function collectWaste(baseDirectory: string, options: CollectOptions = {}): CollectReport {
  const { dryRun = false, caches = false, minAgeMs = minAgeMsDefault, runs = [] } = options;
  const oldest = Date.now() - minAgeMs;
  const sums = new Map<WasteKind, FolderSize>();
  const passedOver: PassedOverRun[] = [];
  const take = ({ kind, path }: Found): void => {
    const size = sizeAt(path);
    if (size.files === 0 && kind !== "unfinished") return;
    if (!dryRun) guardedWrite(path, () => rmSync(path, { recursive: true, force: true }));
    sums.set(kind, sumOf(sums.get(kind) ?? { files: 0, bytes: 0 }, size));
  };
  for (const place of projectPlaces(baseDirectory)) {
    unfinishedRuns(place, oldest).forEach(take);
    keptFiles(place, { oldest, caches }).forEach(take);
  }
  const known = runsBelow(baseDirectory).map(({ dir }) => resolve(dir));
  const named = runs.flatMap((place) => runsAt(resolve(baseDirectory, place)));
  for (const dir of new Set([...known, ...named])) {
    const reason = collectInRun(dir, { oldest, dryRun, caches, take });
    if (reason !== undefined) passedOver.push({ dir, reason });
  }
  const waste = [...sums].map(([kind, size]): Waste => ({ kind, ...size }));
  const { files, bytes } = waste.reduce(sumOf, { files: 0, bytes: 0 });
  return { dryRun, waste, files, bytes, passedOver };
}

/** The run in a folder, or those right below it or its `runs`. @throws {WE_RUN_NOT_FOUND} */
function runsAt(place: string): readonly string[] {
  const below = [place, join(place, "runs")].flatMap((folder) =>
    namesIn(folder).map((name) => join(folder, name)),
  );
  const found = [place, ...below].filter(isRun);
  if (found.length === 0) throw storageError("WE_RUN_NOT_FOUND", { path: place });
  return isRun(place) ? [place] : found;
}

function isRun(dir: string): boolean {
  return namesIn(dir).includes("run.json");
}

/** Hidden folders among the runs: imports and forks that were interrupted, and runs that `rm` did not finish. */
function unfinishedRuns(place: string, oldest: number): readonly Found[] {
  const folder = runsDirectory(place);
  return namesIn(folder)
    .filter((name) => /^\..+\.(tmp|fork|trunk|removed)$/.test(name))
    .map((name): Found => ({ kind: "unfinished", path: join(folder, name) }))
    .filter(({ path }) => path.endsWith(removedSuffix) || (isUntouched(path, oldest) && !isHeld(path)));
}

function isHeld(dir: string): boolean {
  return lockHolder(join(dir, "lock")) !== undefined;
}

/** What is kept between runs: always what interrupted writes left, with `caches` everything that is old enough. */
function keptFiles(
  place: string,
  { oldest, caches }: { readonly oldest: number; readonly caches: boolean },
): readonly Found[] {
  const answers = join(place, ".wasm-engine", "answers");
  const prepared = join(place, ".wasm-engine", "prepared");
  const shelves = namesIn(answers).map((name) => join(answers, name));
  const builds = [join(place, ".wasm-engine", "build"), join(place, ".wasm-engine", "build", "cache")];
  const files = [
    // Builds are made anew where they are gone, but `build` puts what people asked for among them.
    ...builds.flatMap((folder) => filesIn(folder, "unfinished")).filter(({ path }) => path.endsWith(".tmp")),
    ...shelves.flatMap((shelf) => filesIn(shelf, "answers")),
    ...filesIn(prepared, "prepared-modules"),
  ];
  return files
    .map(({ kind, path }): Found => ({ kind: path.endsWith(".tmp") ? "unfinished" : kind, path }))
    .filter(({ kind, path }) => (caches || kind === "unfinished") && isUntouched(path, oldest));
}

function filesIn(folder: string, kind: WasteKind): readonly Found[] {
  return namesIn(folder).map((name) => ({ kind, path: join(folder, name) }));
}

interface RunCollection {
  readonly oldest: number;
  readonly dryRun: boolean;
  readonly caches: boolean;
  readonly take: (found: Found) => void;
}

/** Returns why the run was left alone. */
function collectInRun(dir: string, { oldest, dryRun, caches, take }: RunCollection): string | undefined {
  const pid = lockHolder(join(dir, "lock"));
  if (pid !== undefined) return `it is open in process ${pid}`;
  try {
    const lock = dryRun ? undefined : RunLock.acquire(join(dir, "lock"));
    try {
      wasteInRun(dir, oldest).forEach(take);
      if (caches) takeIndex(join(dir, "index"), dryRun, take);
    } finally {
      lock?.release();
    }
    return undefined;
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return error.message;
  }
}

/** Unless a follower is reading the run. */
function takeIndex(path: string, dryRun: boolean, take: (found: Found) => void): void {
  if (isHeld(path) || sizeAt(path).files === 0) return;
  const lock = dryRun ? undefined : RunLock.acquire(join(path, "lock"));
  take({ kind: "indexes", path });
  lock?.release();
}

/**
 * @param oldest of attempts to take the lock: without a name in it yet, one may be under way
 * @throws {WE_RUN_INFO} where the run does not say what it needs
 */
function wasteInRun(dir: string, oldest: number): readonly Found[] {
  const folder = RunFolder.open(dir, nodeHasher);
  const modules = new Set(moduleDigestsOf(folder).map((digest) => `${digest}.wasm`));
  const segments = new Set(segmentIndexes(folder.log));
  const packs = new Set(folder.snapshots.usedPacks().map((name) => `${name}.pack`));
  const left = allSegmentIndexes(folder.log).filter((index) => !segments.has(index));
  const unused = (
    kind: WasteKind,
    below: string,
    form: RegExp,
    used: ReadonlySet<string>,
  ): readonly Found[] =>
    namesIn(join(dir, below))
      .filter((name) => form.test(name) && !used.has(name))
      .map((name) => ({ kind, path: join(dir, below, name) }));
  const temporary = ["", "log", "modules", "pages", "snapshots"].flatMap((below) =>
    unused("unfinished", below, /\.tmp$/, new Set()),
  );
  const placing = namesIn(dir).filter((name) => /^lock\.(stale\.)?\d+(\.\d+)?$/.test(name));
  const abandoned = placing.filter(
    (name) => lockHolder(join(dir, name)) === undefined && isUntouched(join(dir, name), oldest),
  );
  return [
    ...abandoned.map((name): Found => ({ kind: "unfinished", path: join(dir, name) })),
    ...left.map((index): Found => ({ kind: "log-segments", path: join(dir, "log", segmentName(index)) })),
    ...unused("pages", "pages", /^[0-9a-f]{64}\.pack$/, packs),
    ...unused("modules", "modules", /^[0-9a-f]{64}\.wasm$/, modules),
    ...temporary,
  ];
}

function namesIn(folder: string): readonly string[] {
  try {
    return nodeFileSystem.list(folder) ?? [];
  } catch {
    return [];
  }
}

/** Neither it nor anything below was changed since. */
function isUntouched(path: string, oldest: number): boolean {
  try {
    const entry = lstatSync(path);
    if (entry.mtimeMs > oldest) return false;
    return !entry.isDirectory() || readdirSync(path).every((name) => isUntouched(join(path, name), oldest));
  } catch {
    return false;
  }
}

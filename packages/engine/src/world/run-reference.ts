/** Names of runs: paths, unique prefixes of ids, `@last`. Runs live in `.wasm-engine/runs` below a configuration. */

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { compareIds } from "@wasm-engine/abi";
import { isBundleFile } from "../bundle/bundle-magic.js";
import { bundleError } from "../bundle/errors.js";
import { isFolder } from "../storage/path-kind.js";
import { fail } from "./errors.js";
import { searchedFoldersMax } from "./limits.js";

/** Names in a message. */
const namesShownMax = 5;

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
  // What begins with a point is a run that is still being made, or never was finished.
  return entries
    .map((entry) => entry.name)
    .filter((name) => !name.startsWith("."))
    .sort();
}

/**
 * Folder of the run that `reference` names. Ids and `@last` are looked up among the runs of `baseDirectory` and of
 * the projects below it: folders with an engine.yaml, at most two levels down.
 * @throws {WE_RUN_UNKNOWN} @throws {WE_RUN_AMBIGUOUS} @throws {WE_BUNDLE_NOT_OPENED}
 */
export function resolveRun(reference: string, baseDirectory: string = process.cwd()): string {
  const path = resolve(baseDirectory, reference);
  if (isFolder(path)) return path;
  if (isBundleFile(path)) throw bundleError("WE_BUNDLE_NOT_OPENED", { path: reference });
  const runs = runsBelow(baseDirectory);
  const fitting =
    reference === "@last"
      ? runs.filter(({ id }) => id === runs.at(-1)?.id)
      : runs.filter(({ id }) => reference !== "" && id.startsWith(reference));
  const [only] = fitting;
  if (only === undefined) {
    throw fail("WE_RUN_UNKNOWN", { run: reference, searched: searchedPlaces(baseDirectory) });
  }
  if (fitting.length === 1) return only.dir;
  const names = fitting.map(({ dir }) => relative(baseDirectory, dir));
  throw fail("WE_RUN_AMBIGUOUS", { run: reference, count: fitting.length, runs: shownNames(names) });
}

export interface RunFolderName {
  readonly id: string;
  readonly dir: string;
}

/** The runs of `baseDirectory` and of the projects below it, oldest first. */
export function runsBelow(baseDirectory: string): readonly RunFolderName[] {
  return projectPlaces(baseDirectory)
    .flatMap((place) => listRunIds(place).map((id) => ({ id, dir: join(runsDirectory(place), id) })))
    .sort((left, right) => compareIds(left.id, right.id));
}

/** Where {@link runsBelow} looks, for people. */
export function searchedPlaces(baseDirectory: string): string {
  return shownNames(
    projectPlaces(baseDirectory).map((place) => relative(baseDirectory, runsDirectory(place))),
  );
}

/** Folders that may hold a `.wasm-engine`: `baseDirectory` and the projects below it. */
export function projectPlaces(baseDirectory: string): readonly string[] {
  return [baseDirectory, ...projectsBelow(baseDirectory)];
}

/** Folders with a configuration one or two levels below `directory`, in order. */
function projectsBelow(directory: string): readonly string[] {
  let seen = 0;
  const foldersIn = (folder: string): string[] =>
    subfolders(folder)
      .map((name) => join(folder, name))
      .filter(() => (seen += 1) <= searchedFoldersMax);
  const first = foldersIn(directory);
  const all = first.flatMap((folder) => [folder, ...foldersIn(folder)]);
  return all.filter((folder) => existsSync(join(folder, "engine.yaml")));
}

/** Empty where the folder cannot be read: it holds nothing that could be opened either. */
function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && entry.name !== "node_modules")
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** The first names of a list, and how many more there are. */
export function shownNames(names: readonly string[]): string {
  const rest = names.length - namesShownMax;
  return `${names.slice(0, namesShownMax).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

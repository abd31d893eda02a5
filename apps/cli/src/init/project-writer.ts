/** Writes a project into a new or empty folder: all of it, or nothing. */

import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { makeFolders } from "@wasm-engine/engine";
import { fail } from "./errors.js";
import type { PackageSource } from "./package-source.js";
import type { ProjectFile } from "./template.js";

/** What may lie in the folder of a new project. */
const harmless = new Set([".git", ".DS_Store"]);
const entriesShownMax = 5;

/** @throws {WE_INIT_FOLDER_TAKEN} {WE_INIT_FOLDER_WRITE} */
export function checkFolder(folder: string): void {
  const entries = entriesOf(folder).filter((name) => !harmless.has(name));
  if (entries.length === 0) return;
  const shown = entries.slice(0, entriesShownMax).join(", ");
  const rest = entries.length - entriesShownMax;
  throw fail("WE_INIT_FOLDER_TAKEN", {
    folder,
    entries: rest > 0 ? `${shown} and ${rest} more` : shown,
    suggestion: basename(folder) === "my-world" ? "another-world" : "my-world",
  });
}

function entriesOf(folder: string): string[] {
  try {
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  } catch (error) {
    throw fail("WE_INIT_FOLDER_WRITE", { path: folder, cause: causeOf(error) });
  }
}

/**
 * Every file of a project. Without pause from the first to the last, so that no signal comes between.
 * @throws {WE_INIT_FOLDER_WRITE} and what was made is removed.
 */
export function writeProject(folder: string, files: readonly ProjectFile[]): void {
  const made: string[] = [];
  let path = folder;
  try {
    for (const file of files) {
      path = join(folder, file.path);
      const first = makeFolders(dirname(path));
      if (first !== undefined) made.push(first);
      // wx: what has appeared since the folder was looked at is not overwritten.
      writeFileSync(path, file.content, { flag: "wx" });
      made.push(path);
    }
  } catch (error) {
    for (const entry of made.reverse()) rmSync(entry, { recursive: true, force: true });
    throw fail("WE_INIT_FOLDER_WRITE", { path, cause: causeOf(error) });
  }
}

/** The template's package.json with where wasm-engine comes from. */
export function withDependency(file: ProjectFile, { specifier, overrides }: PackageSource): ProjectFile {
  if (file.path !== "package.json") return file;
  const manifest = JSON.parse(Buffer.from(file.content).toString("utf8")) as Record<string, unknown>; // a template's
  const { devDependencies, ...head } = manifest;
  const whole = {
    ...head,
    dependencies: { "wasm-engine": specifier },
    ...(devDependencies === undefined ? {} : { devDependencies }),
    ...(Object.keys(overrides).length === 0 ? {} : { overrides }),
  };
  return { path: file.path, content: Buffer.from(`${JSON.stringify(whole, undefined, 2)}\n`) };
}

function causeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error); // node:fs errors have codes
}

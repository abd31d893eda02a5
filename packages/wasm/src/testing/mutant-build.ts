/**
 * Copies of the compiled package with one mistake in each: source-level mutants. Product code knows nothing of them.
 * The copies lie in a folder of the caller's, which owns and removes it.
 */

import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { instrument } from "../instrument.js";

/** The function under test: the package's own or a mutant's. */
export type Instrument = typeof instrument;

/** One mistake: what to replace in one compiled file. */
export interface Mutant {
  readonly name: string;
  /** File of the compiled package, with `.js`. */
  readonly file: string;
  /** Occurs exactly once. Runs of spaces and line breaks match each other. */
  readonly find: string;
  readonly replace: string;
  /** What would happen to a user if nobody noticed. */
  readonly why: string;
}

const compiled = resolve(import.meta.dirname, "..");

function pattern(text: string): RegExp {
  const words = text.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(words.join("\\s+"), "g");
}

/** Mutants whose text is not there exactly once: the source has moved on and the table must follow. */
export function staleMutants(mutants: readonly Mutant[]): string[] {
  return mutants.flatMap(({ name, file, find }) => {
    const count = [...readFileSync(join(compiled, file), "utf8").matchAll(pattern(find))].length;
    return count === 1 ? [] : [`${name}: ${file} has ${count} places like "${find}"`];
  });
}

/** Makes a folder ready to hold mutants: they are modules and find the package's dependency. */
export function prepareMutantFolder(folder: string): void {
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  mkdirSync(join(folder, "node_modules", "@wasm-engine"), { recursive: true });
  const dependency = dirname(dirname(fileURLToPath(import.meta.resolve("@wasm-engine/abi"))));
  symlinkSync(dependency, join(folder, "node_modules", "@wasm-engine", "abi"), "junction");
}

const imports = /(?<=\bfrom ")\.\/([^"]+)(?=")/g;

/** Compiled modules of the package, with those that each imports. */
function importGraph(): ReadonlyMap<string, readonly string[]> {
  const files = readdirSync(compiled).filter((file) => file.endsWith(".js") && !file.endsWith(".test.js"));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(compiled, file), "utf8");
      return [file, [...text.matchAll(imports)].map(([, name = ""]) => name)];
    }),
  );
}

/** The module with the mistake, and all that reach it by their imports. */
function changedFiles(file: string): ReadonlySet<string> {
  const graph = importGraph();
  const changed = new Set([file]);
  // A set is walked over what is added meanwhile, too.
  for (const one of changed) for (const [name, names] of graph) if (names.includes(one)) changed.add(name);
  return changed;
}

/**
 * Loads the package with a mistake, or as it is. Only what reaches the mistake is written anew; the rest is the
 * package's own, which holds no state.
 */
export async function loadMutant(folder: string, mutant: Mutant | undefined): Promise<Instrument> {
  const target = mutant === undefined ? compiled : join(folder, mutant.name.replace(/[^a-z0-9]+/gi, "-"));
  if (mutant !== undefined) {
    mkdirSync(target, { recursive: true });
    const changed = changedFiles(mutant.file);
    for (const file of changed) {
      const source = readFileSync(join(compiled, file), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
      const text = file === mutant.file ? source.replace(pattern(mutant.find), () => mutant.replace) : source;
      const elsewhere = (specifier: string, name: string): string =>
        changed.has(name) ? specifier : pathToFileURL(join(compiled, name)).href;
      writeFileSync(join(target, file), text.replace(imports, elsewhere));
    }
  }
  const loaded: unknown = await import(pathToFileURL(join(target, "instrument.js")).href);
  return (loaded as { readonly instrument: Instrument }).instrument; // a copy of the module that declares it
}

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

/** Writes a copy of the package, with a mistake unless there is none to make, and loads it. */
export async function loadMutant(folder: string, mutant: Mutant | undefined): Promise<Instrument> {
  const name = mutant === undefined ? "unchanged" : mutant.name.replace(/[^a-z0-9]+/gi, "-");
  const target = join(folder, name);
  mkdirSync(target, { recursive: true });
  for (const file of readdirSync(compiled)) {
    if (!file.endsWith(".js") || file.endsWith(".test.js")) continue;
    let text = readFileSync(join(compiled, file), "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
    if (file === mutant?.file) text = text.replace(pattern(mutant.find), () => mutant.replace);
    writeFileSync(join(target, file), text);
  }
  const loaded: unknown = await import(pathToFileURL(join(target, "instrument.js")).href);
  return (loaded as { readonly instrument: Instrument }).instrument; // a copy of the module that declares it
}

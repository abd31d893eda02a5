/**
 * `node scripts/dist/join-modules.js`, the second half of `npm run build`: the modules of every package without I/O in
 * one file, `dist/joined.js`, which is what its name resolves to. Every process and thread of the engine loads these
 * packages; a file costs Node.js about a millisecond, and they have 190. Owns what is joined and when it is stale, not
 * what the modules hold: other packages stay imports, so that each exists once. A test that changes a class of such a
 * package runs a program under `--conditions=wasm-engine-separate`, where names resolve to the modules beside it.
 */

import { createRequire } from "node:module";
import { renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as Esbuild from "esbuild";
import { globSync } from "./glob.js";
import { repositoryRoot } from "./tidy/source-tree.js";

/** Packages whose modules know nothing of where they lie. */
export const joinedPackages: readonly string[] = ["abi", "wasm", "core", "executor"];

/** Path of the file that holds a whole package. */
export const joinedFile = (name: string): string => join(repositoryRoot, "packages", name, "dist/joined.js");

/** The text that `dist/joined.js` must have, from the modules as they are compiled now. */
export async function joinedText(name: string): Promise<string> {
  // esbuild belongs to the JavaScript SDK: the same program, the same pin.
  const require = createRequire(join(repositoryRoot, "sdk/javascript/package.json"));
  const { build } = require("esbuild") as typeof Esbuild; // its own types
  const { outputFiles } = await build({
    absWorkingDir: join(repositoryRoot, "packages", name),
    entryPoints: ["dist/index.js"],
    bundle: true,
    external: ["@wasm-engine/*"],
    format: "esm",
    platform: "neutral",
    target: "node20",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** Whether a module was compiled after the last joining. */
function isStale(name: string): boolean {
  const joined = statSync(joinedFile(name), { throwIfNoEntry: false });
  if (joined === undefined) return true;
  const folder = join(repositoryRoot, "packages", name);
  const isModule = (path: string): boolean =>
    path.endsWith(".js") && !path.endsWith(".test.js") && !path.includes("/testing/");
  return globSync(folder, "dist", isModule).some(
    (path) => statSync(join(folder, path)).mtimeMs > joined.mtimeMs,
  );
}

async function joinModules(name: string): Promise<void> {
  const made = `${joinedFile(name)}.${process.pid}`;
  writeFileSync(made, await joinedText(name));
  renameSync(made, joinedFile(name));
}

if (process.argv[1] === import.meta.filename)
  await Promise.all(joinedPackages.filter(isStale).map(joinModules));

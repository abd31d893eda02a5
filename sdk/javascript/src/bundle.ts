/**
 * One script of an agent's sources: TypeScript without its types, JSON, texts and npm packages, by esbuild. Owns that equal
 * sources give equal bytes wherever the project stands, and that what cannot be bundled is told with its place. What a
 * script may use is decided in refusals.ts.
 */

import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { assert, decodeMappings, parseSourceMap } from "@wasm-engine/abi";
import type { MappedLines } from "@wasm-engine/abi";
import { build } from "esbuild";
import type { BuildOptions, BuildResult, Plugin } from "esbuild";
import { bundlingError, isBuildFailure } from "./build-failure.js";
import { canonicalNames } from "./canonical-names.js";
import { javaScriptError } from "./errors.js";
import { aliases } from "./refused-global.js";

/** Names under which agents import what `guest/glue.c` offers. */
const agentModule = "wasm-engine/agent";
const agentModuleNames = /^(wasm-engine\/agent|@wasm-engine\/sdk-javascript(\/agent)?)$/;

export interface Bundle {
  /** Script in which refused globals have their alias (refused-global.ts). */
  readonly text: string;
  /** What the script is called in stack traces: unique for its content, so that a host finds its map. */
  readonly name: string;
  readonly sources: readonly string[];
  readonly lines: MappedLines;
  /** Absolute paths of `sources`. */
  readonly paths: readonly string[];
  /** Absolute paths of everything that decides what the bundle is. Some may not exist. */
  readonly inputs: readonly string[];
}

/** @throws {WE_JAVASCRIPT_BUILD} {WE_JAVASCRIPT_NODE_IMPORT} {WE_JAVASCRIPT_BUNDLER} */
export async function bundleAgent(entry: string): Promise<Bundle> {
  const folder = dirname(resolve(entry));
  const result = await built(entry, folder);
  const [map, script] = ["bundle.js.map", "bundle.js"].map(
    (name) => result.outputFiles.find(({ path }) => basename(path) === name)?.text,
  );
  const parsed = parseSourceMap(map ?? "");
  assert(script !== undefined && parsed !== undefined, "esbuild writes a script and its map");
  const keys = Object.keys(result.metafile.inputs);
  const canonical = canonicalNames(keys);
  const text = canonical.renamed(script);
  return {
    text,
    name: `bundle-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.js`,
    sources: parsed.sources.map((source) => canonical.of(source)),
    lines: decodeMappings(parsed.mappings),
    paths: parsed.sources.map((source) => resolve(folder, source)),
    inputs: deciding(keys.map((key) => resolve(folder, key))),
  };
}

type Built = BuildResult<{ write: false; metafile: true }>;

async function built(entry: string, folder: string): Promise<Built> {
  try {
    return await build({ ...options, absWorkingDir: folder, entryPoints: [`./${basename(entry)}`] });
  } catch (error) {
    if (isBuildFailure(error)) throw bundlingError(error, folder);
    throw javaScriptError("WE_JAVASCRIPT_BUNDLER", { cause: String(error) });
  }
}

/** Imports of the SDK stay as they are: the base answers them. So do dynamic imports, which are refused with their place. */
const kept: Plugin = {
  name: "wasm-engine",
  setup: (bundler) => {
    bundler.onResolve({ filter: agentModuleNames }, () => ({ path: agentModule, external: true }));
    bundler.onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

/** Packages are taken in the variant that needs no Node and no document. */
const options = {
  bundle: true,
  write: false,
  metafile: true,
  outfile: "bundle.js",
  format: "esm",
  target: "es2023",
  platform: "neutral",
  mainFields: ["browser", "module", "main"],
  conditions: ["wasm-engine", "browser", "module"],
  loader: { ".txt": "text", ".md": "text" },
  define: {
    ...aliases,
    "process.env.NODE_ENV": '"production"',
    global: "globalThis",
  },
  sourcemap: "external",
  sourcesContent: false,
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
  plugins: [kept],
} as const satisfies BuildOptions;

/** The files, and every package.json and tsconfig.json above them, which decide what imports mean. */
function deciding(files: readonly string[]): readonly string[] {
  const paths = new Set(files);
  for (const file of files) {
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if (paths.has(join(folder, "package.json"))) break;
      paths.add(join(folder, "package.json")).add(join(folder, "tsconfig.json"));
      if (dirname(folder) === folder) break;
    }
  }
  return [...paths];
}

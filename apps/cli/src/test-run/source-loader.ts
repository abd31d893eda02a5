/**
 * Hooks of Node's module loader for tests in TypeScript: types are taken away as files load, `./name.js` finds
 * `name.ts`, and nothing is written anywhere. Everything else of modules stays Node's affair.
 */

import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { extname, join } from "node:path";

/** The part of esbuild that is used. */
interface Transformer {
  transformSync(source: string, options: object): { readonly code: string };
}

interface ResolveContext {
  readonly parentURL?: string | undefined;
}

interface LoadedSource {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: true;
}

/** Where Node installs hooks on a thread of their own results are promises: they are passed on unread. */
type Next<Context> = (place: string, context: Context) => unknown;

const typed = /\.m?ts$/;
/** What a file is called that is written in TypeScript, by the extension in the specifier. */
const written: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".mts"],
  ".mjs": [".mts"],
  "": [".ts", ".mts", "/index.ts"],
};

let transformer: Transformer | undefined;

/** esbuild comes with the JavaScript SDK, wherever npm has put it. */
function loadTransformer(): Transformer {
  const require = createRequire(import.meta.url);
  const sdk = createRequire(require.resolve("@wasm-engine/sdk-javascript/package.json"));
  return sdk("esbuild") as Transformer; // see Transformer
}

export function resolve(specifier: string, context: ResolveContext, next: Next<ResolveContext>): unknown {
  const source = sourceOf(specifier, context.parentURL);
  return next(source ?? specifier, context);
}

/** The address of the source that a relative specifier means, where only that exists. */
function sourceOf(specifier: string, parentUrl: string | undefined): string | undefined {
  if (!/^\.\.?\//.test(specifier) || parentUrl?.startsWith("file:") !== true) return undefined;
  const path = fileURLToPath(new URL(specifier, parentUrl));
  if (isFile(path)) return undefined;
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const found = written[extension]?.map((source) => stem + source).find(isFile);
  return found === undefined ? undefined : pathToFileURL(found).href;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export function load(url: string, context: object, next: Next<object>): unknown {
  if (!url.startsWith("file:") || !typed.test(new URL(url).pathname)) return next(url, context);
  const path = fileURLToPath(url);
  transformer ??= loadTransformer();
  const { code } = transformer.transformSync(readFileSync(path, "utf8"), {
    loader: "ts",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    sourcefile: path,
    sourcesContent: false,
  });
  const loaded: LoadedSource = { format: "module", source: code, shortCircuit: true };
  return loaded;
}

/** Address of this file's neighbour that installs the hooks. */
export const sourceHooksUrl: string = pathToFileURL(
  join(fileURLToPath(new URL(".", import.meta.url)), "source-hooks.js"),
).href;

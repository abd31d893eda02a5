/** Builds JavaScript agents. The engine's module builder calls {@link buildAgent}; embedders may call either. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { javaScriptError } from "./errors.js";
import { preInitialise } from "./pre-initialiser.js";

export { JAVASCRIPT_ERRORS } from "./errors.js";

/** A published package carries the base in its own folder, a checkout keeps it once for all (ADR 0025). */
const basePath: string =
  ["../assets/quickjs-agent-base.wasm", "../../../assets/quickjs/quickjs-agent-base.wasm"]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path)) ?? "quickjs-agent-base.wasm";

export interface BuiltAgent {
  /** Core WebAssembly without manifest and signature. */
  readonly bytes: Uint8Array;
  /** Absolute paths of every file that went into it. */
  readonly inputs: readonly string[];
}

/**
 * Builds the agent in the file `entry`: `.js` and `.mjs` as they are, `.ts` and `.mts` without their types.
 * @throws {WE_JAVASCRIPT_LOAD} @throws {WE_JAVASCRIPT_BASE} @throws {WE_JAVASCRIPT_TYPES}
 */
// eslint-disable-next-line @typescript-eslint/require-await -- the builder's interface leaves room for bundling
export async function buildAgent({ entry }: { readonly entry: string }): Promise<BuiltAgent> {
  const source = readFileSync(entry, "utf8");
  const script = /\.m?ts$/.test(entry) ? withoutTypes(entry, source) : source;
  const bytes = buildJavaScriptAgent(script, basename(entry), quickJsBase());
  return { bytes, inputs: [entry, basePath] };
}

/** The module of a JavaScript source: the same source, name and base give the same bytes. @throws {WE_JAVASCRIPT_LOAD} */
export function buildJavaScriptAgent(
  source: string,
  name: string,
  base: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return preInitialise(base, source, name);
}

/** Bytes of the QuickJS base that belongs to this version. @throws {WE_JAVASCRIPT_BASE} */
export function quickJsBase(): Uint8Array {
  try {
    return readFileSync(basePath);
  } catch (error) {
    throw javaScriptError("WE_JAVASCRIPT_BASE", { cause: String(error) });
  }
}

/** The part of the TypeScript compiler that is used. */
interface TypeScript {
  readonly transpileModule: (
    source: string,
    options: { readonly compilerOptions: Readonly<Record<string, unknown>> },
  ) => { readonly outputText: string };
}

/** Types go, everything else stays where it is as far as the compiler keeps lines. Nothing is checked. */
function withoutTypes(entry: string, source: string): string {
  let compiler: TypeScript | undefined;
  for (const start of [entry, import.meta.url]) {
    try {
      compiler ??= createRequire(start)("typescript") as TypeScript; // the package's documented surface
    } catch {
      // Not installed there: try the next place.
    }
  }
  if (compiler === undefined) throw javaScriptError("WE_JAVASCRIPT_TYPES", { name: basename(entry) });
  const options = { target: "ES2023", module: "ES2022", verbatimModuleSyntax: true, newLine: "lf" };
  return compiler.transpileModule(source, { compilerOptions: options }).outputText;
}

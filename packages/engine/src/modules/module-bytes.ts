/** Reads a module source, and tells by its path and text what builds it. */

import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { assemblyScriptCompiler } from "./assemblyscript-compiler.js";
import { cCompiler } from "./c-compiler.js";
import type { Compiler } from "./compiler.js";
import { buildError } from "./errors.js";
import { javaScriptCompiler } from "./javascript-compiler.js";
import { isFile } from "../storage/path-kind.js";
import { moduleBytesMax } from "./limits.js";

/** An import of the JavaScript SDK: what tells a TypeScript agent from an AssemblyScript one. */
const javaScriptImport = /\b(?:from|import)\s*["'](?:wasm-engine\/agent|@wasm-engine\/sdk-javascript)["']/;

/** The compiler for a source, or `undefined` for a module that is already built. */
export function compilerFor(path: string): Compiler | undefined {
  if (!isFile(path)) throw buildError("WE_BUILD_SOURCE_MISSING", { path });
  switch (extname(path)) {
    case ".wasm":
      return undefined;
    case ".c":
      return cCompiler(path);
    case ".js":
    case ".mjs":
    case ".mts":
      return javaScriptCompiler(path);
    case ".ts": {
      const isJavaScript =
        !path.endsWith(".as.ts") && javaScriptImport.test(Buffer.from(readModuleFile(path)).toString("utf8"));
      return isJavaScript ? javaScriptCompiler(path) : assemblyScriptCompiler(path);
    }
    default:
      throw buildError("WE_BUILD_SOURCE_KIND", { path });
  }
}

/** Content of a module file, of bounded size. */
export function readModuleFile(path: string): Uint8Array {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw buildError("WE_MODULE_READ", { path, cause: "it is not a file" });
    const { size } = stats;
    if (size > moduleBytesMax)
      throw buildError("WE_MODULE_SIZE", { path, bytes: size, bytesMax: moduleBytesMax });
    // Plain bytes of their own: a Buffer may share its memory, and its `slice` does.
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code; // node:fs errors and coded errors both have a code
    if (cause === undefined || cause.startsWith("WE_")) throw error;
    throw buildError("WE_MODULE_READ", { path, cause });
  }
}

/**
 * Modules as they are built, but with names of functions: for people who look at code, never for a run. Whoever uses
 * one checks that its code is that of the module in question.
 */

import { compilerFor, readModuleFile } from "./module-bytes.js";

/**
 * What a source compiles to when names are kept, or the content of a .wasm file; undefined where the compiler of such
 * sources cannot keep any.
 * @throws {WE_BUILD_SOURCE_MISSING} {WE_BUILD_SOURCE_KIND} {WE_BUILD_FAILED} {WE_BUILD_TOOL_MISSING} {WE_MODULE_READ}
 */
export async function namedModule(path: string): Promise<Uint8Array | undefined> {
  const compiler = compilerFor(path);
  if (compiler === undefined) return readModuleFile(path);
  return compiler.keepsNames ? (await compiler.compile(path, { names: true })).bytes : undefined;
}

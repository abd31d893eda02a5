/** Builds JavaScript and TypeScript agents through the JavaScript SDK, where it is installed. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Compiler } from "./compiler.js";
import { buildError } from "./errors.js";
import { packageFolder, packageVersion } from "./package-folder.js";
import { SourceLog } from "./source-log.js";

const sdkPackage = "@wasm-engine/sdk-javascript";
/** Where the SDK offers `buildAgent`. */
const builderPath = join("dist", "build.js");

/** The part of the SDK's builder that is used. */
interface BuilderModule {
  readonly buildAgent: (options: { readonly entry: string }) => Promise<{
    /** Core WebAssembly without manifest and signature. */
    readonly bytes: Uint8Array;
    /** Absolute paths of every file that went into it. */
    readonly inputs: readonly string[];
  }>;
}

/** @throws {WE_BUILD_TOOL_MISSING} where the SDK is not installed. */
export function javaScriptCompiler(path: string): Compiler {
  const folder = packageFolder(sdkPackage, dirname(path));
  const builder = folder === undefined ? undefined : join(folder, builderPath);
  if (folder === undefined || builder === undefined || !existsSync(builder)) {
    const install = `run: npm install ${sdkPackage}, or build the module elsewhere and name the .wasm file`;
    throw buildError("WE_BUILD_TOOL_MISSING", { path, tool: `the JavaScript SDK (${sdkPackage})`, install });
  }
  const version = packageVersion(folder);
  // The SDK removes types with the project's own compiler.
  const typescript = packageFolder("typescript", dirname(path));
  const types = typescript === undefined ? "" : ` typescript ${packageVersion(typescript)}`;
  return {
    identity: `javascript ${version}${types}`,
    async compile(entry) {
      const { buildAgent } = (await import(pathToFileURL(builder).href)) as BuilderModule; // see BuilderModule
      const built = await buildAgent({ entry });
      const log = new SourceLog();
      for (const input of [entry, builder, ...built.inputs]) log.read(input);
      return { bytes: built.bytes, trace: log.trace };
    },
  };
}

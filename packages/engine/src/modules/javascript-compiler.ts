/** Builds JavaScript and TypeScript agents through the JavaScript SDK, where it is installed. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Manifest } from "@wasm-engine/wasm";
import { sha256Hex } from "../crypto/node-crypto.js";
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
    /** For the manifest. */
    readonly declaration: Pick<Manifest, "messages">;
    /** Absolute paths of every file that decides what it is; some may not exist. */
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
  const bundler = packageFolder("esbuild", folder);
  const esbuild = bundler === undefined ? "" : ` esbuild ${packageVersion(bundler)}`;
  return {
    identity: `javascript ${packageVersion(folder)}${esbuild} ${builderDigest(dirname(builder))}`,
    keepsNames: false,
    async compile(entry) {
      const { buildAgent } = (await import(pathToFileURL(builder).href)) as BuilderModule; // see BuilderModule
      const built = await buildAgent({ entry });
      const log = new SourceLog();
      for (const input of [entry, ...built.inputs]) log.read(input);
      return { bytes: built.bytes, trace: log.trace, declared: built.declaration };
    },
  };
}

/** Another build of the SDK never meets what this one has cached. */
function builderDigest(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith(".js"));
  return sha256Hex(Buffer.concat(files.sort().map((name) => readFileSync(join(folder, name))))).slice(0, 16);
}

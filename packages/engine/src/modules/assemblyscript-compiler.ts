/**
 * Compiles AssemblyScript in this process. The compiler sees files through a reader of ours: it notes every
 * file for the cache, and it finds the SDK by name wherever the project stands, installed or not.
 */

import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { assert } from "@wasm-engine/abi";
import type { CompileOptions, CompiledSource, Compiler } from "./compiler.js";
import { buildError } from "./errors.js";
import { diagnosticsBytesMax } from "./limits.js";
import { packageFolder, packageVersion } from "./package-folder.js";
import { SourceLog } from "./source-log.js";

/** The part of `assemblyscript/asc` that is used; declared here because its own types need DOM types. */
interface AscModule {
  main(
    args: readonly string[],
    options: {
      readonly stdout: { write(chunk: string | Uint8Array): void };
      readonly stderr: { write(chunk: string | Uint8Array): void };
      readonly readFile: (name: string, baseDirectory: string) => string | null;
      readonly writeFile: (name: string, contents: Uint8Array | string, baseDirectory: string) => void;
      readonly listFiles: () => null;
    },
  ): Promise<{ readonly error: Error | null }>;
}

/**
 * incremental: memory stays flat without care; abort= : no import besides the host's; _initialize: no start
 * section, so that set-up runs metered.
 */
const flags = [
  "--runtime",
  "incremental",
  "--use",
  "abort=",
  "--exportStart",
  "_initialize",
  "-O3s",
] as const;
const sdkPackage = "@wasm-engine/sdk-assemblyscript";
/** Names under which agents import the SDK. */
const sdkNames = [sdkPackage, "wasm-engine/assemblyscript"] as const;
const outputName = "agent.wasm";
const install = "run: npm install --save-dev assemblyscript@0.28.20";

/** @throws {WE_BUILD_TOOL_MISSING} where the compiler is not installed. */
export function assemblyScriptCompiler(path: string): Compiler {
  const project = dirname(path);
  const folder = packageFolder("assemblyscript", project);
  if (folder === undefined)
    throw buildError("WE_BUILD_TOOL_MISSING", { path, tool: "assemblyscript", install });
  const sdk = packageFolder(sdkPackage, project);
  const version = packageVersion(folder);
  return {
    identity: `assemblyscript ${version} ${flags.join(" ")}`,
    compile: (source, options) => compile(source, { compiler: folder, sdk, ...options }),
    keepsNames: true,
  };
}

interface Compilation extends CompileOptions {
  /** Folder of the compiler's package. */
  readonly compiler: string;
  readonly sdk: string | undefined;
}

async function compile(path: string, { compiler, sdk, names }: Compilation): Promise<CompiledSource> {
  const asc = (await import(pathToFileURL(join(compiler, "dist", "asc.js")).href)) as AscModule; // see AscModule
  const log = new SourceLog();
  const baseDirectory = dirname(path);
  let output: Uint8Array | undefined;
  let diagnostics = "";
  const collect = (chunk: string | Uint8Array): void => {
    diagnostics += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
  };
  const debug = names === true ? ["--debug"] : [];
  const args = [basename(path), "--baseDir", baseDirectory, ...flags, ...debug, "-o", outputName];
  const { error } = await asc.main(args, {
    stdout: { write: () => undefined },
    stderr: { write: collect },
    readFile: (name, base) => log.read(locate(resolve(base, name), sdk))?.toString("utf8") ?? null,
    writeFile: (name, contents) => {
      if (name === outputName && typeof contents !== "string") output = contents.slice();
    },
    listFiles: () => null,
  });
  if (error !== null) throw failed(path, diagnostics === "" ? error.message : diagnostics);
  assert(output !== undefined, "a compiler without error has written its output");
  return { bytes: output, trace: log.trace };
}

/** Where a file that the compiler asks for really is: the SDK's folder for the SDK's names. */
function locate(path: string, sdk: string | undefined): string {
  if (sdk === undefined) return path;
  for (const name of sdkNames) {
    const marker = `${sep}node_modules${sep}${name.replaceAll("/", sep)}`;
    const at = path.indexOf(`${marker}${sep}`);
    if (at >= 0) return join(sdk, relative(path.slice(0, at + marker.length), path));
  }
  return path;
}

function failed(path: string, diagnostics: string): Error {
  const plain = diagnostics.replace(/\s+$/, "").slice(0, diagnosticsBytesMax);
  const message = /^ERROR ([^\n]*)/m.exec(plain)?.[1] ?? plain.split("\n")[0] ?? "";
  const place = /in ([^\s(]+)\((\d+),(\d+)\)/.exec(plain);
  const at = place === null ? "" : ` (${place[1]}:${place[2]}:${place[3]})`;
  return buildError("WE_BUILD_FAILED", { path, cause: `${message}${at}`, diagnostics: plain });
}

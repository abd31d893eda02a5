/** Compiles freestanding C with the clang of this machine. The object of the build is one file; headers are noted. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import type { CompileOptions, CompiledSource, Compiler } from "./compiler.js";
import { buildError } from "./errors.js";
import { compilerMsMax, diagnosticsBytesMax } from "./limits.js";
import { packageFolder } from "./package-folder.js";
import { SourceLog } from "./source-log.js";

const candidates: readonly string[] = [14, 15, 16, 17, 18, 19, 20, 21, 22].map(
  (version) => `clang-${version}`,
);
/**
 * How every agent in C is compiled: the committed modules, and what users build. mvp: newer versions would otherwise
 * use features by default that differ from version to version. The stack comes first, so that an overflow traps
 * instead of overwriting data.
 */
export const cFlags: readonly string[] = [
  ...["--target=wasm32", "-mcpu=mvp", "-mbulk-memory", "-std=c11", "-Os", "-ffreestanding", "-nostdlib"],
  ...["-Wall", "-Wextra", "-ffp-contract=off", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--stack-first"],
  "-Wl,-z,stack-size=65536",
];
/**
 * Environment of the compiler `command`: clang runs any `wasm-opt` on the path, whose versions give other bytes. Where
 * it lies beside the compiler itself, it stays.
 */
export function cEnvironment(command: string): NodeJS.ProcessEnv {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const kept = folders.filter((folder) => {
    return !existsSync(join(folder, "wasm-opt")) || existsSync(join(folder, command));
  });
  return { ...process.env, PATH: kept.join(delimiter) };
}

const install = "run: apt-get install -y --no-install-recommends clang-14 lld-14";

/** @throws {WE_BUILD_TOOL_MISSING} where no clang is installed. */
export function cCompiler(path: string): Compiler {
  for (const command of [...candidates, "clang"]) {
    const found = spawnSync(command, ["--version"], { encoding: "utf8", timeout: compilerMsMax });
    if (found.status !== 0) continue;
    const version = found.stdout.split("\n")[0] ?? "";
    return {
      identity: `${version} ${cFlags.join(" ")}`,
      compile: (source, options) => compile(source, { command, ...options }),
      keepsNames: true,
    };
  }
  throw buildError("WE_BUILD_TOOL_MISSING", { path, tool: "clang", install });
}

// eslint-disable-next-line @typescript-eslint/require-await -- one interface for all compilers
async function compile(
  path: string,
  { command, names }: CompileOptions & { readonly command: string },
): Promise<CompiledSource> {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-build-"));
  try {
    const output = join(folder, "agent.wasm");
    const depfile = join(folder, "agent.d");
    const sdk = packageFolder("@wasm-engine/sdk-c", dirname(path));
    // Relative names and a mapped prefix: the folder of the source does not show in the result.
    const args = [
      ...cFlags.map((flag) => (names === true && flag === "-Wl,--strip-all" ? "-Wl,--strip-debug" : flag)),
      ...(sdk === undefined ? [] : ["-isystem", sdk]),
      ...["-fdebug-prefix-map=" + dirname(path) + "=.", "-ffile-prefix-map=" + dirname(path) + "=."],
      ...["-MD", "-MF", depfile, "-MT", "agent", basename(path), "-o", output],
    ];
    const result = spawnSync(command, args, {
      cwd: dirname(path),
      encoding: "utf8",
      env: cEnvironment(command),
      timeout: compilerMsMax,
    });
    if (result.status !== 0) throw failed(path, result.stderr, result.error);
    const log = new SourceLog();
    for (const name of dependencies(readFileSync(depfile, "utf8"))) log.read(resolve(dirname(path), name));
    return { bytes: new Uint8Array(readFileSync(output)), trace: log.trace };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names in a make rule `agent: a b \\\n c`. */
function dependencies(rule: string): string[] {
  const names = rule.slice(rule.indexOf(":") + 1).replaceAll("\\\n", " ");
  return names
    .split(/(?<!\\)\s+/)
    .map((name) => name.replaceAll("\\ ", " "))
    .filter((name) => name !== "");
}

function failed(path: string, stderr: string, error: Error | undefined): Error {
  const diagnostics = (stderr === "" ? (error?.message ?? "") : stderr).slice(0, diagnosticsBytesMax);
  if (/wasm-ld|lld/.test(diagnostics) && /unable to execute|not found|doesn't exist/.test(diagnostics)) {
    return buildError("WE_BUILD_TOOL_MISSING", { path, tool: "wasm-ld", install, diagnostics });
  }
  const line = /^.*(?:error|undefined symbol).*$/m.exec(diagnostics)?.[0] ?? diagnostics.split("\n")[0] ?? "";
  return buildError("WE_BUILD_FAILED", { path, cause: line, diagnostics });
}

/**
 * Agents in C are committed as source and as module, because a fresh machine has no compiler. This file knows which
 * there are and how one is compiled; whether the committed bytes are right is the test beside it.
 */

import { spawnSync } from "node:child_process";
import { cEnvironment, cFlags } from "@wasm-engine/engine";

/** A source and the module beside it, without the extension, relative to the repository's root. */
export const cModules: readonly string[] = [
  "examples/airports/agents/arbiter",
  "apps/cli/templates/c/agents/meter",
  "examples/relay/agents/stamp",
  "bench/worlds/echo/agents/echo-c",
  "sdk/tests/guests/probe",
];

/** The compiler whose output is committed. Another version may give other bytes of the same meaning. */
export const cCompiler = "clang-14";
export const cCompilerVersion = "14.0.6";

/** Undefined where the compiler is there in the right version, else why it is not usable. */
export function missingCCompiler(): string | undefined {
  const result = spawnSync(cCompiler, ["--version"], { encoding: "utf8" });
  if (result.error !== undefined) return `${cCompiler} is not installed`;
  if (!result.stdout.includes(cCompilerVersion)) return `${cCompiler} is not version ${cCompilerVersion}`;
  return spawnSync("wasm-ld-14", ["--version"]).error === undefined ? undefined : "lld-14 is not installed";
}

/** Compiles one source as `wasm-engine build` does; a warning is an error. Returns the diagnostics. */
export function compileC(root: string, source: string, output: string): string {
  const flags = [...cFlags, "-Werror", "-isystem", "sdk/c"];
  const options = { cwd: root, encoding: "utf8", env: cEnvironment(cCompiler) } as const;
  const result = spawnSync(cCompiler, [...flags, source, "-o", output], options);
  return result.error === undefined ? result.stderr : result.error.message;
}

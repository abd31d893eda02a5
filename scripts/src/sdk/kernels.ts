/**
 * Kernels of `bench:metering` are committed as source and as module, because what is measured must not depend on the
 * compiler at hand. This file knows which there are, how one is compiled, and the manifest with their digests.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cEnvironment } from "@wasm-engine/engine";
import { cCompiler } from "./c-modules.js";

export type KernelLanguage = "C" | "AssemblyScript";

export interface KernelSource {
  readonly name: string;
  readonly language: KernelLanguage;
  /** Compiled with 128-bit vectors. */
  readonly simd?: boolean;
}

export const kernelFolder = "bench/kernels";

export const kernelSources: readonly KernelSource[] = [
  { name: "sha256", language: "C" },
  { name: "json", language: "C" },
  { name: "sort", language: "C" },
  { name: "matrix", language: "C" },
  { name: "n-body", language: "C" },
  { name: "memory-copy", language: "C" },
  { name: "fib", language: "C" },
  { name: "sieve", language: "C" },
  { name: "pointer-chase", language: "C" },
  { name: "mandelbrot", language: "C" },
  { name: "fft", language: "C" },
  { name: "vector", language: "C", simd: true },
  { name: "virtual-machine", language: "C" },
  { name: "objects", language: "AssemblyScript" },
  { name: "strings", language: "AssemblyScript" },
  { name: "queens", language: "AssemblyScript" },
];

const cFlags: readonly string[] = [
  ...["--target=wasm32", "-mcpu=mvp", "-mbulk-memory", "-std=c11", "-O2", "-ffreestanding", "-nostdlib"],
  ...["-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-Wl,--no-entry", "-Wl,--strip-all"],
  ...["-Wl,--stack-first", "-Wl,-z,stack-size=65536"],
];
const assemblyScriptFlags: readonly string[] = ["-O3", "--runtime", "incremental", "--use", "abort="];

/** Compiles one kernel. Returns the diagnostics; empty where all is well. */
export function compileKernel(root: string, kernel: KernelSource, output: string): string {
  const command = kernel.language === "C" ? cCommand(kernel) : assemblyScriptCommand(kernel);
  const [program = "", ...parameters] = [...command, "-o", output];
  const result = spawnSync(program, parameters, {
    cwd: root,
    encoding: "utf8",
    env: cEnvironment(cCompiler),
  });
  if (result.error !== undefined) return result.error.message;
  return result.status === 0 ? "" : result.stderr;
}

function cCommand({ name, simd }: KernelSource): string[] {
  return [cCompiler, ...cFlags, ...(simd === true ? ["-msimd128"] : []), `${kernelFolder}/${name}.c`];
}

function assemblyScriptCommand({ name }: KernelSource): string[] {
  const compiler = "node_modules/assemblyscript/bin/asc.js";
  return [process.execPath, compiler, `${kernelFolder}/${name}.ts`, ...assemblyScriptFlags];
}

/** Text of the manifest for the modules as they are in the repository at `root`. */
export function kernelManifest(root: string): string {
  const kernels = kernelSources.map(({ name, language }) => {
    const content = readFileSync(join(root, kernelFolder, `${name}.wasm`));
    const sha256 = createHash("sha256").update(content).digest("hex");
    const source = `${name}.${language === "C" ? "c" : "ts"}`;
    return { name, language, source, bytes: content.length, sha256 };
  });
  return `${JSON.stringify({ version: 1, kernels }, undefined, 2)}\n`;
}

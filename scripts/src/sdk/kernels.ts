/**
 * Kernels of `bench:metering` are committed as source and as module, because what is measured must not depend on the
 * compiler at hand. This file knows which there are, how one is compiled, and the manifest with their digests.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
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

/** The part of `assemblyscript/asc` that is used: its own types need those of a browser. */
interface AscModule {
  main(
    parameters: readonly string[],
    io: { readonly stderr: { write(chunk: string | Uint8Array): void } },
  ): Promise<{ readonly error: Error | null }>;
}

/** Compiles one kernel. Returns the diagnostics; empty where all is well. */
export async function compileKernel(root: string, kernel: KernelSource, output: string): Promise<string> {
  return kernel.language === "C"
    ? compileC(root, kernel, output)
    : compileAssemblyScript(root, kernel, output);
}

function compileC(root: string, { name, simd }: KernelSource, output: string): string {
  const flags = simd === true ? [...cFlags, "-msimd128"] : cFlags;
  const parameters = [...flags, `${kernelFolder}/${name}.c`, "-o", output];
  const options = { cwd: root, encoding: "utf8", env: cEnvironment(cCompiler) } as const;
  const result = spawnSync(cCompiler, parameters, options);
  return result.error === undefined ? result.stderr : result.error.message;
}

/** In this process: a compiler that has warmed up takes half the time. */
async function compileAssemblyScript(root: string, { name }: KernelSource, output: string): Promise<string> {
  const path = "assemblyscript/asc";
  const asc = (await import(path)) as AscModule; // see AscModule
  let diagnostics = "";
  const write = (chunk: string | Uint8Array): void => void (diagnostics += Buffer.from(chunk).toString());
  const words = [`${name}.ts`, "--baseDir", join(root, kernelFolder), ...assemblyScriptFlags];
  const { error } = await asc.main([...words, "-o", resolve(root, output)], { stderr: { write } });
  return error === null ? "" : `${error.message}\n${diagnostics}`;
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

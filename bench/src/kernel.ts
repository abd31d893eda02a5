/**
 * Kernels of `bench:metering`: which there are, their bytes, and one instance of a kernel in one form. A plain kernel
 * exports `run(rounds)`; the one in QuickJS is an agent, works on a message and has its checksum in its state.
 */

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HOST_MODULE, Instrumented, MessageKind, limits } from "@wasm-engine/abi";
import { buildModule } from "@wasm-engine/engine";
import { idleHost, messageOf } from "./bare-echo.js";
import { compileModule, exportsOf } from "./limits/webassembly.js";

/** `base` is the module as it is; the others are what `instrument` makes of it in this profile. */
export type KernelForm = "base" | "conformance" | "agent";

export interface Kernel {
  readonly name: string;
  readonly language: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
  readonly forms: readonly KernelForm[];
}

interface ManifestEntry {
  readonly name: string;
  readonly language: string;
  readonly sha256: string;
}

const folder = fileURLToPath(new URL("../kernels", import.meta.url));

/** The kernel whose module is built when it is asked for: its parts are pinned, and 800 KiB twice are too many. */
export const scriptKernel = "quickjs";

export function kernelNames(): string[] {
  return [...manifest().map(({ name }) => name), scriptKernel];
}

function manifest(): readonly ManifestEntry[] {
  const document = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as {
    readonly kernels: readonly ManifestEntry[];
  }; // scripts/src/sdk/kernels.ts writes it
  return document.kernels;
}

/** @throws TypeError where the module is not the one of the manifest */
export async function loadKernel(name: string): Promise<Kernel> {
  if (name === scriptKernel) return buildScriptKernel();
  const entry = manifest().find((known) => known.name === name);
  if (entry === undefined) throw new TypeError(`no kernel is called "${name}": ${kernelNames().join(", ")}`);
  const bytes = readFileSync(join(folder, `${name}.wasm`));
  const { language, sha256 } = entry;
  if (digestOf(bytes) !== sha256) throw new TypeError(`${name}.wasm is not the module of its manifest`);
  return { name, language, sha256, bytes, forms: ["base", "conformance"] };
}

async function buildScriptKernel(): Promise<Kernel> {
  const directory = mkdtempSync(join(tmpdir(), "wasm-engine-kernel-"));
  try {
    const { bytes } = await buildModule(join(folder, `${scriptKernel}.ts`), {
      directory,
      name: scriptKernel,
    });
    const language = "JavaScript in QuickJS";
    const forms = ["base", "conformance", "agent"] as const;
    return { name: scriptKernel, language, sha256: digestOf(bytes), bytes, forms };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export interface KernelRun {
  /** Processor time of this process, so that a busy machine shows less. */
  readonly ms: number;
  readonly checksum: string;
}

/** Works `rounds` rounds. Equal sequences of calls give equal checksums in every form. */
export type RunKernel = (rounds: number) => KernelRun;

/** A fresh instance. `bytes` are those of the form. */
export function startKernel(bytes: Uint8Array): RunKernel {
  const module = compileModule(bytes);
  const host = { ...idleHost(), [Instrumented.slice]: () => 0 };
  const exports = exportsOf(module, { [HOST_MODULE]: host });
  const run = exports["run"];
  return typeof run === "function" ? plainRun(run as Entry) : agentRun(exports); // by the kernel's contract
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

type Entry = (value: number) => number | bigint;

function plainRun(run: Entry): RunKernel {
  return (rounds) => {
    const start = processorMs();
    const checksum = run(rounds);
    return { ms: processorMs() - start, checksum: String(checksum) };
  };
}

/** Exports of an agent, those of instrumentation included where it is there. */
interface AgentExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly agent_alloc: (bytes: number) => number;
  readonly agent_receive: (pointer: number) => number;
  readonly agent_describe: () => number;
  readonly agent_init: () => number;
  readonly _initialize?: () => void;
  readonly [Instrumented.fuel]?: { value: bigint };
  readonly [Instrumented.depth]?: { value: number };
  readonly [Instrumented.pagesMax]?: { value: number };
}

function agentRun(exports: Readonly<Record<string, unknown>>): RunKernel {
  const guest = exports as unknown as AgentExports; // built as an agent, see buildScriptKernel
  const enter = <Result>(entry: () => Result): Result => {
    const fuel = guest[Instrumented.fuel];
    const depth = guest[Instrumented.depth];
    const pages = guest[Instrumented.pagesMax];
    if (fuel !== undefined) fuel.value = 1n << 60n;
    if (depth !== undefined) depth.value = limits.depthBytes;
    if (pages !== undefined) pages.value = 4096;
    return entry();
  };
  const deliver = (message: Uint8Array): number => {
    const pointer = enter(() => guest.agent_alloc(message.length));
    new Uint8Array(guest.memory.buffer).set(message, pointer);
    const start = processorMs();
    const code = enter(() => guest.agent_receive(pointer));
    const ms = processorMs() - start;
    if (code !== 0) throw new TypeError(`the agent failed with code ${code}`);
    return ms;
  };
  enter(() => guest._initialize?.());
  enter(() => guest.agent_init());
  deliver(messageOf(MessageKind.START, {}));
  return (rounds) => {
    const ms = deliver(messageOf(MessageKind.MESSAGE, { rounds }));
    const pointer = enter(() => guest.agent_describe());
    const view = new DataView(guest.memory.buffer);
    const text = Buffer.from(guest.memory.buffer, pointer + 4, view.getUint32(pointer, true)).toString(
      "utf8",
    );
    return { ms, checksum: text };
  };
}

/** `doctor`: is this machine able to run worlds, and what is missing for building agents. Changes nothing. */

import { spawnSync } from "node:child_process";
import { closeSync, existsSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, freemem, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { loadModelSetups, probeServer } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { providerChecks } from "../provider-checks.js";
import type { ProviderCheck } from "../provider-checks.js";
import { sizeOf } from "../size-text.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

/** Of the WebAssembly JavaScript interface, what this check needs; Node's types do not declare it. */
declare const WebAssembly: { validate(bytes: Uint8Array): boolean };

interface Check {
  readonly name: string;
  /** Worlds cannot run without it. */
  readonly needed: boolean;
  readonly ok: boolean;
  readonly found: string;
  readonly remedy: string;
}

export const doctor: CommandFunction = async () => {
  const checks = [
    nodeCheck(),
    wasmCheck(),
    floatCheck(),
    sharedMemoryCheck(),
    await stackCheck(),
    diskCheck(),
    memoryCheck(),
  ];
  checks.push(assemblyScriptCheck(), clangCheck());
  const providers = await providerChecks(process.cwd());
  checks.push(...providers.map(providerRow));
  checks.push(...(await serverChecks()), ...(await modelChecks()));
  const ok = checks.every((check) => check.ok || !check.needed);
  const rows = checks.map((check) => [
    check.ok ? "ok" : check.needed ? "MISSING" : "absent",
    check.name,
    check.found,
    check.ok ? "" : check.remedy,
  ]);
  return {
    document: {
      ok,
      node: process.version,
      v8: process.versions.v8,
      platform: process.platform,
      arch: process.arch,
      checks,
      providers,
    },
    text: `${textTable(["", "check", "found", "what to do"], rows)}\n${ok ? "worlds can run here" : "worlds cannot run here"}`,
    exitCode: ok ? 0 : 4,
  };
};

/** Servers of the configuration here, as far as they are on this machine; others are not asked. */
async function serverChecks(): Promise<readonly Check[]> {
  if (!existsSync("engine.yaml")) return [];
  // What is wrong with the configuration is for other verbs to tell.
  const loaded = await loadModelSetups("engine.yaml").catch(() => undefined);
  const servers = (loaded?.served ?? []).flatMap((setup) => (setup.kind === "openai" ? [setup] : []));
  const checks: Check[] = [];
  for (const { name, url } of servers) {
    const isThere = await probeServer(url);
    if (isThere === undefined) continue;
    checks.push({
      name: `server of model ${name}`,
      needed: false,
      ok: isThere,
      found: isThere ? `answers at ${visible(url)}` : `nothing answers at ${visible(url)}`,
      remedy: "start it, or mend url in engine.yaml",
    });
  }
  return checks;
}

/** Models that were added here: whether their weights fit into free memory and the budget of a world. */
async function modelChecks(): Promise<readonly Check[]> {
  const { openModelStore, weightBytesMaxDefault } = await import("@wasm-engine/inference");
  const models = await openModelStore({ folder: process.cwd() })
    .list()
    .catch(() => undefined);
  return [...(models ?? [])].map(([name, { files }]): Check => {
    const weights = files.filter(({ path }) => /\.onnx|[._]data/.test(path));
    const bytes = weights.reduce((sum, file) => sum + file.bytes, 0);
    const isWithinBudget = bytes <= weightBytesMaxDefault;
    return {
      name: `memory for model ${name}`,
      needed: false,
      // A runtime holds weights twice for a moment while it loads them.
      ok: isWithinBudget && bytes * 2 <= freemem(),
      found: `${sizeOf(bytes)} of weights, ${sizeOf(freemem())} free`,
      remedy: isWithinBudget
        ? "end other programs, or add the model with a smaller --dtype"
        : `a world holds ${sizeOf(weightBytesMaxDefault)} of weights: add the model with a smaller --dtype`,
    };
  });
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return {
    name: "Node.js 20.19 or later",
    needed: true,
    ok: major > 20 || (major === 20 && minor >= 19),
    found: `${process.version}, V8 ${process.versions.v8}, ${process.platform} ${process.arch}`,
    remedy: "install Node.js 20, 22, 24 or 26",
  };
}

/** A module that uses v128 and memory.fill: what the frozen feature set needs of the engine. */
const simdAndBulk = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 10, 18, 1, 16, 0, 65, 0, 253, 17,
  26, 65, 0, 65, 0, 65, 0, 252, 11, 0, 11,
]);

function wasmCheck(): Check {
  return {
    name: "WebAssembly with SIMD and bulk memory",
    needed: true,
    ok: WebAssembly.validate(simdAndBulk),
    found: WebAssembly.validate(simdAndBulk) ? "present" : "refused",
    remedy: "do not start Node with --jitless or with WebAssembly features switched off",
  };
}

/** A native library that sets flush-to-zero or a rounding mode would change guests' results. */
function floatCheck(): Check {
  const tiny = Number("5e-324");
  const ok = tiny * 1 !== 0 && 1 + 2 ** -53 === 1 && 1 + 3 * 2 ** -53 > 1 && -1 - 2 ** -53 === -1;
  return {
    name: "IEEE 754 arithmetic, round to nearest, denormals kept",
    needed: true,
    ok,
    found: ok ? "exact" : "the processor's float mode was changed",
    remedy: "remove preloaded libraries (LD_PRELOAD) that change the float mode",
  };
}

function sharedMemoryCheck(): Check {
  const ok =
    typeof SharedArrayBuffer === "function" &&
    Atomics.load(new Int32Array(new SharedArrayBuffer(4)), 0) === 0;
  return {
    name: "Shared memory and atomics",
    needed: true,
    ok,
    found: ok ? "present" : "absent",
    remedy: "use a stock Node.js",
  };
}

/** Guests may use 64 MiB of logical stack; executing threads are started with 256 MiB of native stack. */
async function stackCheck(): Promise<Check> {
  const source =
    "const d=(n)=>n===0?0:1+d(n-1);require('node:worker_threads').parentPort.postMessage(d(400000))";
  const depth = await new Promise<number>((resolve) => {
    const worker = new Worker(source, { eval: true, resourceLimits: { stackSizeMb: 256 } });
    worker.once("message", (value: number) => resolve(value));
    worker.once("error", () => resolve(0));
  });
  return {
    name: "Threads with 256 MiB of stack",
    needed: true,
    ok: depth === 400_000,
    found: depth === 400_000 ? "present" : "the thread ended early",
    remedy: "raise the memory limit of this process (ulimit -v, container limits)",
  };
}

function diskCheck(): Check {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-doctor-"));
  try {
    const file = openSync(join(folder, "probe"), "w");
    writeSync(file, Buffer.alloc(4096));
    fdatasyncSync(file);
    closeSync(file);
    return { name: "Disk accepts fdatasync", needed: true, ok: true, found: "yes", remedy: "" };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return {
      name: "Disk accepts fdatasync",
      needed: true,
      ok: false,
      found,
      remedy: "use a local file system, or --durability ephemeral",
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function memoryCheck(): Check {
  const gibibytes = totalmem() / 2 ** 30;
  return {
    name: "Memory of 2 GiB or more",
    needed: false,
    ok: gibibytes >= 2,
    found: `${gibibytes.toFixed(1)} GiB, ${availableParallelism()} processors`,
    remedy: "run small worlds only",
  };
}

function assemblyScriptCheck(): Check {
  let found = "absent";
  try {
    const load = createRequire(import.meta.url);
    const manifest = load("assemblyscript/package.json") as { version: string }; // npm's format
    found = manifest.version;
  } catch {
    // Absence is a result here, not a failure.
  }
  return {
    name: "AssemblyScript compiler, for agents in AssemblyScript",
    needed: false,
    ok: found !== "absent",
    found,
    remedy: "npm install --save-dev assemblyscript@0.28.20",
  };
}

function providerRow({ provider, ok, found }: ProviderCheck): Check {
  const remedy = provider === "wasm" ? "install wasm-engine again" : "models run on wasm without it";
  return { name: `Models on provider ${provider}`, needed: false, ok, found: visible(found), remedy };
}

function clangCheck(): Check {
  const names = ["clang-14", "clang-15", "clang-16", "clang-19", "clang-22", "clang"];
  const name = names.find((command) => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0);
  return {
    name: "clang with a WebAssembly target, for agents in C",
    needed: false,
    ok: name !== undefined,
    found: name ?? "absent",
    remedy: "apt-get install clang-14 lld-14",
  };
}

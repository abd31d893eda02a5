/**
 * Runs the example worlds, and one of deep calls, under other Node versions and V8 tiers and with several threads, and
 * compares chain heads. A command of its own as it installs Node binaries from npm into node_modules/.cache:
 * `node scripts/dist/node-matrix.js [20 22 24 26] [WORLD.yaml]`. Threads are varied on the first version alone: killed,
 * late, one to eight. With `--native` airports ask the native provider: one head per fingerprint.
 */

import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine } from "./command-line.js";
import { nodeBinary, nodeCache, nodeMajors, tierFlags } from "./node-binary.js";
import { repositoryRoot } from "./tidy/source-tree.js";

interface Variant {
  readonly flags: readonly string[];
  readonly workers: string;
  /** Of WASM_ENGINE_TEST_THREADS: see thread-faults.ts. */
  readonly threads?: string;
}

interface Cell {
  readonly world: string;
  readonly workers: string;
  readonly node: string;
  readonly flags: string;
  readonly chainHead: string;
  readonly ticks: number;
  readonly fuel: number;
}

const tierVariants: readonly Variant[] = Object.values(tierFlags).map((flags) => ({
  flags,
  workers: "auto",
}));
const threadVariants: readonly Variant[] = [
  ...["1", "2", "3", "4", "8"].map((workers) => ({ flags: [], workers })),
  { flags: [], workers: "3", threads: "delay:7" },
  { flags: [], workers: "2", threads: "kill:1@100" },
];
const depthWorld = "sdk/tests/guests/depth/engine.yaml";

function execute(node: string, { flags, workers, threads }: Variant, world: string): Cell {
  const dir = join(nodeCache, "run");
  rmSync(dir, { recursive: true, force: true });
  const environment = threads === undefined ? {} : { WASM_ENGINE_TEST_THREADS: threads };
  const words = ["run", world, "--dir", dir, "--workers", workers, "--quiet"];
  const result = commandLine(words, { node, flags, environment, stderr: "pipe" });
  const report = JSON.parse(result.stdout || "{}") as {
    chainHead?: string;
    ticks?: number;
    fuel?: number;
    node?: string;
    v8Flags?: string[];
    threadsLost?: number;
    faults?: number;
  }; // the CLI's document
  const cell = `${node} ${flags.join(" ")} ${world}`;
  if (result.status !== 0) throw new TypeError(`${cell}: exit ${result.status}\n${result.stderr}`);
  const applied = flags.every((flag) => report.v8Flags?.includes(flag) === true);
  if (!applied)
    throw new TypeError(`the executing process did not get ${flags.join(" ")}: ${String(report.v8Flags)}`);
  const { chainHead = "", ticks = 0, fuel = 0, threadsLost = 0, faults } = report;
  if (faults !== 0) throw new TypeError(`${cell}: ${faults} faults`);
  if (threads?.startsWith("kill") === true && threadsLost === 0)
    throw new TypeError(`${cell}: no thread was lost`);
  const label = threads === undefined ? workers : `${workers}, ${threads}`;
  return {
    world,
    node: report.node ?? "",
    flags: flags.join(" ") || "default",
    workers: label,
    chainHead,
    ticks,
    fuel,
  };
}

/** Every cell of one world; the head, ticks and fuel of all must be one. */
function compare(world: string, majors: readonly string[]): boolean {
  const [first = "20"] = majors;
  const cells = [
    ...majors.flatMap((major) => tierVariants.map((variant) => execute(nodeBinary(major), variant, world))),
    // A world of one agent has no use for further threads.
    ...(world === depthWorld ? [] : threadVariants).map((variant) =>
      execute(nodeBinary(first), variant, world),
    ),
  ];
  const heads = new Set(cells.map(({ chainHead, ticks, fuel }) => `${chainHead} ${ticks} ${fuel}`));
  for (const { node, flags, workers, chainHead, fuel } of cells) {
    const place = `${world}  ${node.padEnd(10)} ${flags.padEnd(15)} workers ${workers.padEnd(14)}`;
    console.log(`${place} ${chainHead}  fuel ${fuel}`);
  }
  console.log(`${world}: ${heads.size === 1 ? "equal" : "DIFFERENT"} in ${cells.length} cells\n`);
  return heads.size === 1;
}

/** The airports' world with its models on the native provider, beside the original: paths in it stay true. */
function nativeWorld(): string {
  const folder = "examples/airports";
  const path = `${folder}/native.tmp.yaml`;
  const text = readFileSync(join(repositoryRoot, folder, "engine.yaml"), "utf8");
  writeFileSync(join(repositoryRoot, path), text.replaceAll("providers: [wasm]", "providers: [cpu]"));
  // The runtime that install-test-tools.js has put into the repository's root, where the example looks for its own.
  const own = join(repositoryRoot, folder, ".wasm-engine/native");
  const shared = join(repositoryRoot, ".wasm-engine/native");
  if (!existsSync(own) && existsSync(shared)) symlinkSync(shared, own);
  return path;
}

const options = process.argv.slice(2);
const isNative = options.includes("--native");
const chosen = options.filter((option) => /^\d+$/.test(option));
const majors = chosen.length > 0 ? chosen : nodeMajors;
const chosenWorlds = options.filter((option) => option.endsWith(".yaml"));
const allWorlds = ["examples/relay/engine.yaml", depthWorld, "examples/airports/engine.yaml"];
const worlds = isNative ? [nativeWorld()] : chosenWorlds.length > 0 ? chosenWorlds : allWorlds;
try {
  const equal = worlds.map((world) => compare(world, majors));
  process.exitCode = equal.every((same) => same) ? 0 : 3;
} finally {
  if (isNative) for (const world of worlds) rmSync(join(repositoryRoot, world), { force: true });
}

/**
 * Futures of one tick of a recorded run: a fork per combination of what may be different from there on, each run to its
 * end. They share the pages of the run's snapshots on the disk and stand below it in the tree of runs.
 */

import { readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { EngineError, assert } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { Engine } from "../client/engine.js";
import { forkRun, resolveOverrides } from "../client/fork-run.js";
import type { ForkOptions } from "../client/fork-run.js";
import { withRun } from "../client/run-place.js";
import { sha256Hex } from "../crypto/node-crypto.js";
import type { ForkInputs, ForkOverrides, ForkPoint, FutureOutcome } from "../fork/contract.js";
import { forkError } from "../fork/errors.js";
import { parseOverrides } from "../fork/override-text.js";
import { isFile } from "../storage/path-kind.js";
import { newRunId, runsDirectory } from "../world/run-reference.js";
import { readSetup } from "../world/run-store.js";
import { combinationsOf } from "./combinations.js";
import type { Combination, SweepOptions, SweepReport, SweepRow } from "./contract.js";
import { FutureBatch } from "./future-batch.js";
import { measuredRow, readMetrics, runToEnd } from "./run-combination.js";
import type { ReadMetric } from "./run-combination.js";
import { isEnded, knownRows, sweepRows } from "./sweep-rows.js";

export interface FutureOptions extends SweepOptions {
  /** Last tick that all futures share with the run, or "start". */
  readonly at: ForkPoint;
  /** Where the run is looked for; default: the working directory. */
  readonly baseDirectory?: string;
  /** Inputs after the tick that do not enter any future. */
  readonly dropped?: readonly number[];
}

/** What is fixed before tick 0. */
const genesisHeads = ["seed", "policy", "args"];
const inputHead = "input.";

/**
 * Paths of settings are those of `fork --set`, `inputs` (keep, none or a file), and `input.SEQ`: another payload of
 * that input.
 * @throws {WE_FORK_GENESIS} {WE_FORK_OVERRIDE} {WE_RUN_UNKNOWN} {WE_SWEEP_TOO_MANY} {WE_RUN_NESTED}
 * {WE_RUN_UNWRITABLE} and the codes of expressions; what a single future throws is the error of its row
 */
export async function sweepFutures(parent: string, options: FutureOptions): Promise<SweepReport> {
  const read = readMetrics(options.metrics ?? []);
  checkGenesis(options);
  const combinations = combinationsOf(options);
  for (const combination of combinations) forkOptions(combination, options);
  return withRun(parent, options.baseDirectory, async ({ dir: parentDir }) => {
    const { baseDirectory } = readSetup(parentDir);
    const at = options.at === "start" ? options.at : `tick-${options.at}`;
    const folder = join(baseDirectory, ".wasm-engine", "sweeps", `${basename(parentDir)}-${at}`);
    const dir = resolve(options.dir ?? folder);
    const runs = options.dir === undefined ? runsDirectory(baseDirectory) : join(dir, "runs");
    const keys = await Promise.all(
      combinations.map((combination) =>
        keyOf({ parentDir, baseDirectory, fork: forkOptions(combination, options), options }).catch(() => ""),
      ),
    );
    const batch = batchOf(parentDir, { ...options, dir, read, runs, combinations, keys });
    try {
      return await sweepRows({
        ...options,
        dir,
        combinations,
        prepare: async (combination) => {
          const fork = forkOptions(combination, options);
          const key = await keyOf({ parentDir, baseDirectory, fork, options });
          const run = async (): Promise<SweepRow> => {
            const outcome = await batch?.outcomeOf(key);
            if (outcome !== undefined) return rowOfFuture(outcome, combination, read);
            options.signal?.throwIfAborted();
            return runFuture(parentDir, combination, { ...options, fork, read, out: join(runs, newRunId()) });
          };
          return { key, run };
        },
      });
    } finally {
      await batch?.close();
    }
  });
}

interface BatchPlan extends FutureOptions {
  /** Folder of the sweep, and where its runs are put. */
  readonly dir: string;
  readonly runs: string;
  readonly read: readonly ReadMetric[];
  readonly combinations: readonly Combination[];
  /** Of the combinations; empty where one has none. */
  readonly keys: readonly string[];
}

/** Futures without a row yet, each once. Worlds that differ before tick 0 have nothing in common: no batch. */
function batchOf(parentDir: string, plan: BatchPlan): FutureBatch | undefined {
  const { at, ticks, jobs = 1, isolation, signal, read, combinations, keys, runs, dir } = plan;
  if (at === "start") return undefined;
  const known = knownRows(dir);
  const batch = new FutureBatch(parentDir, {
    at,
    jobs: Math.max(1, jobs),
    describe: read.length > 0,
    ...(ticks === undefined ? {} : { ticks }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(signal === undefined ? {} : { signal }),
  });
  const fresh = new Set(keys.filter((key) => key !== "" && !known.has(key)));
  for (const [index, combination] of combinations.entries()) {
    const key = keys[index] ?? "";
    if (!fresh.delete(key)) continue;
    const { inputs, overrides } = forkOptions(combination, plan);
    batch.add(key, {
      dir: join(runs, newRunId()),
      ...(inputs === undefined ? {} : { inputs }),
      ...(overrides === undefined ? {} : { overrides }),
    });
  }
  return batch;
}

/** @throws what the future failed with */
function rowOfFuture(
  { fork, result, world, error }: FutureOutcome,
  combination: Combination,
  read: readonly ReadMetric[],
): SweepRow {
  if (result !== undefined) return measuredRow(combination, read, { result, report: world });
  rmSync(fork.dir, { recursive: true, force: true });
  assert(error !== undefined, "a future without an end has failed");
  throw EngineError.fromRecord(error);
}

/** @throws {WE_FORK_GENESIS} */
function checkGenesis({ at, seeds, settings = [] }: FutureOptions): void {
  if (at === "start") return;
  const fixed = settings.find(({ path }) => genesisHeads.includes(path.split(".", 1)[0] ?? ""));
  const override = seeds === undefined ? fixed?.path : "seed";
  if (override !== undefined) throw forkError("WE_FORK_GENESIS", { override, tick: at });
}

/** @throws {WE_FORK_OVERRIDE} */
function forkOptions(
  { seed, settings }: Combination,
  { at, dropped = [] }: FutureOptions,
): Pick<ForkOptions, "at" | "inputs" | "overrides"> {
  const texts = seed === undefined ? [] : [`seed=${seed}`];
  const payloads: Record<number, Json> = {};
  let inputs: ForkOptions["inputs"] = "keep";
  for (const { path, value } of settings) {
    const text = `${path}=${typeof value === "string" && !path.startsWith("args.") ? value : JSON.stringify(value)}`;
    if (path === "inputs")
      inputs = value === "keep" || value === "none" ? value : { file: fileOf(value, text) };
    else if (path.startsWith(inputHead)) payloads[sequenceOf(path, text)] = value;
    else texts.push(text);
  }
  const overrides: ForkOverrides = { ...parseOverrides(texts), inputs: payloads, dropped };
  return { at, inputs, overrides };
}

/** @throws {WE_FORK_OVERRIDE} */
function fileOf(value: Json, override: string): string {
  if (typeof value === "string") return value;
  const advice = "inputs is keep, none or the path of a file";
  throw forkError("WE_FORK_OVERRIDE", { override, reason: "its value is no text", advice });
}

/** @throws {WE_FORK_OVERRIDE} */
function sequenceOf(path: string, override: string): number {
  const digits = path.slice(inputHead.length);
  if (/^\d+$/.test(digits) && Number.isSafeInteger(Number(digits))) return Number(digits);
  const advice = "input.SEQ=JSON names a later input by its sequence";
  throw forkError("WE_FORK_OVERRIDE", {
    override,
    reason: "a whole number is missing behind input.",
    advice,
  });
}

/** Digest of everything that a future depends on: files by what they hold. */
async function keyOf(of: {
  readonly parentDir: string;
  readonly baseDirectory: string;
  readonly fork: Pick<ForkOptions, "at" | "inputs" | "overrides">;
  readonly options: FutureOptions;
}): Promise<string> {
  const { parentDir, baseDirectory, fork, options } = of;
  const { modules, inputs, ...rest } = await resolveOverrides(fork.overrides ?? {}, baseDirectory);
  const built = modules.map(({ name, digest }) => [name, digest]);
  const payloads = inputs.map(({ payload, ...input }) => [input, Buffer.from(payload).toString("hex")]);
  const { ticks = null, metrics = [] } = options;
  const run = basename(parentDir);
  const identity = [run, fork.at, contentOf(fork.inputs), built, payloads, rest, ticks, metrics];
  return sha256Hex(Buffer.from(JSON.stringify(identity)));
}

/** Whether there is such a file is for the fork to say. */
function contentOf(inputs: ForkInputs | undefined): Json {
  if (inputs === undefined || typeof inputs === "string") return inputs ?? null;
  return [inputs.file, isFile(inputs.file) ? sha256Hex(readFileSync(inputs.file)) : null];
}

async function runFuture(
  parentDir: string,
  combination: Combination,
  options: FutureOptions & {
    readonly fork: Pick<ForkOptions, "at" | "inputs" | "overrides">;
    readonly read: readonly ReadMetric[];
    readonly out: string;
  },
): Promise<SweepRow> {
  const { fork, out, isolation, signal } = options;
  const host = {
    ...(isolation === undefined ? {} : { isolation }),
    ...(signal === undefined ? {} : { signal }),
  };
  let isKept = false;
  try {
    await forkRun(parentDir, { ...fork, ...host, dir: out, workers: 1 });
    await using running = await Engine.open(out, { resume: true, workers: 1, ...host });
    const row = await runToEnd(running, combination, options);
    isKept = isEnded(row);
    return row;
  } finally {
    // A future that came to no end is no row and is made again: it must not stand among the runs.
    if (!isKept) rmSync(out, { recursive: true, force: true });
  }
}

/** Forks of recorded runs: reads and builds what is to be different here, makes the fork in a world process. */

import { basename, dirname, join, resolve } from "node:path";
import { drainTicksDefault } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import type {
  ForkInputs,
  ForkJob,
  ForkOverrides,
  ForkPoint,
  ForkReport,
  ForkedFuture,
  ForksJob,
  FutureOutcome,
  FuturesJob,
  ResolvedOverrides,
} from "../fork/contract.js";
import { policyOf } from "../fork/override-text.js";
import { forkError } from "../fork/errors.js";
import { parseWorkers } from "../threads/worker-count.js";
import type { StopRule } from "../world/contract.js";
import type { RunUntil } from "../world/control.js";
import type { Workers } from "../threads/worker-count.js";
import { newRunId, runsDirectory } from "../world/run-reference.js";
import { readSetup } from "../world/run-store.js";
import { encodePayload } from "../world/payload.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";
import { withRun } from "./run-place.js";

export interface ForkOptions extends JobOptions {
  /** Last tick that both runs share, or "start". */
  readonly at: ForkPoint;
  /** Refused where it holds anything. Default: `.wasm-engine/runs/<id>` beside the parent's configuration. */
  readonly dir?: string;
  /** What enters after the tick; default: keep. */
  readonly inputs?: ForkInputs;
  readonly overrides?: ForkOverrides;
  /** Threads that execute agents; default `auto`. Shows in no result. */
  readonly workers?: Workers;
  readonly testing?: ForkJob["testing"];
}

/**
 * Makes a run that shares the history of another one up to a tick, and differs from there on in the overrides. It can
 * be resumed, replayed and bundled like any run; the parent is not needed any more.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_TICK} {WE_RUN_EXISTS} {WE_FORK_GENESIS} {WE_FORK_OVERRIDE} {WE_FORK_INPUT}
 * {WE_FORK_CUT} {WE_RUN_DIVERGED} and what building modules, reading inputs and entries of models and tools throw
 */
export async function forkRun(parent: string, options: ForkOptions): Promise<ForkReport> {
  const { at, inputs = "keep", overrides = {}, workers, testing } = options;
  return withRun(parent, options.baseDirectory, async ({ dir, name }) => {
    const isBundle = dir !== name;
    const setup = readSetup(dir);
    // A bundle has no place of its own where models and modules could be looked for.
    const directory = isBundle ? resolve(options.baseDirectory ?? process.cwd()) : setup.baseDirectory;
    const out = resolve(options.dir ?? join(forksFolder(dir, directory), newRunId()));
    const job: ForkJob = {
      kind: "fork",
      dir,
      out,
      runId: basename(out),
      ...(isBundle ? { baseDirectory: directory } : {}),
      at,
      inputs: typeof inputs === "string" ? inputs : { file: resolve(inputs.file) },
      overrides: await resolveOverrides(overrides, directory),
      ...(workers === undefined ? {} : { workers: parseWorkers(workers) }),
      ...(testing === undefined ? {} : { testing }),
    };
    return (await executeJob(job, options)) as ForkReport; // value of the job `fork`
  });
}

/** One of several futures. */
export type AskedFuture = Pick<ForkOptions, "dir" | "inputs" | "overrides">;

/**
 * Makes a fork per future, all of the same tick: the parent is read and its world restored once, and forks share the
 * files that nobody changes. All are made, or none is where one cannot be. Reports come in the order of the futures.
 * @throws as {@link forkRun}; `at` is a tick: runs that differ before tick 0 have nothing in common
 */
export async function forkFutures(
  parent: string,
  options: Omit<ForkOptions, "dir" | "inputs" | "overrides" | "testing" | "at"> & { readonly at: number },
  futures: readonly AskedFuture[],
): Promise<readonly ForkReport[]> {
  const { workers } = options;
  if (futures.length === 0) return [];
  return withForks(parent, { ...options, futures }, async (forks) => {
    const threads = workers === undefined ? {} : { workers: parseWorkers(workers) };
    const job: ForksJob = { kind: "forks", ...forks, ...threads };
    return (await executeJob(job, options)) as readonly ForkReport[]; // value of the job `forks`
  });
}

export interface FuturesOptions extends Omit<JobOptions, "onProgress"> {
  /** Last tick that all futures share with the run. */
  readonly at: number;
  /** Each stops before this tick. */
  readonly ticks?: number;
  /** Default: the stop rule of the run. */
  readonly until?: StopRule | "never";
  /** Outcomes come with what their worlds are like at their ends. */
  readonly describe?: boolean;
  /** Told of every future as it ends, in their order. */
  readonly onFuture?: (outcome: FutureOutcome) => void;
  /** Test-only: module that stands for the inference package. */
  readonly testing?: { readonly inferenceService?: string };
}

/**
 * Makes a fork per future, as {@link forkFutures} does, and executes them one after the other in one process, which
 * costs a fraction of opening each: modules, the world at the tick and instances are there already. Outcomes come in
 * the order of the futures; one that fails is an outcome with its error, and the others go on.
 * @throws as {@link forkFutures}
 */
export async function runFutures(
  parent: string,
  options: FuturesOptions,
  futures: readonly AskedFuture[],
): Promise<readonly FutureOutcome[]> {
  const { ticks, until = "configured", describe = false, testing = {}, ...place } = options;
  if (futures.length === 0) return [];
  return withForks(parent, { ...options, futures }, async (forks) => {
    const rule: RunUntil = { rule: until, ...(ticks === undefined ? {} : { ticks }) };
    const job: FuturesJob = { kind: "futures", ...forks, until: rule, describe, ...testing };
    return (await executeJob(job, place)) as readonly FutureOutcome[]; // value of the job `futures`
  });
}

/** Beside the project's runs; a run that was imported has no project, and its forks come beside it. */
function forksFolder(dir: string, directory: string): string {
  return resolve(directory) === resolve(dir) ? dirname(resolve(dir)) : runsDirectory(directory);
}

/** Calls `execute` with what crosses into the world process. */
async function withForks<Result>(
  parent: string,
  asked: Pick<JobOptions, "baseDirectory"> & {
    readonly at: number;
    readonly futures: readonly AskedFuture[];
  },
  execute: (forks: Omit<ForksJob, "kind">) => Promise<Result>,
): Promise<Result> {
  return withRun(parent, asked.baseDirectory, async ({ dir, name }) => {
    const isBundle = dir !== name;
    const directory = isBundle ? resolve(asked.baseDirectory ?? process.cwd()) : readSetup(dir).baseDirectory;
    const futures: ForkedFuture[] = [];
    for (const { inputs = "keep", overrides = {}, ...place } of asked.futures) {
      const out = resolve(place.dir ?? join(forksFolder(dir, directory), newRunId()));
      futures.push({
        out,
        runId: basename(out),
        inputs: typeof inputs === "string" ? inputs : { file: resolve(inputs.file) },
        overrides: await resolveOverrides(overrides, directory),
      });
    }
    return execute({ dir, at: asked.at, futures, ...(isBundle ? { baseDirectory: directory } : {}) });
  });
}

/** Files read, sources built: what crosses into the world process is plain data. */
export async function resolveOverrides(
  overrides: ForkOverrides,
  directory: string,
): Promise<ResolvedOverrides> {
  const {
    modules = {},
    drainTicks = drainTicksDefault,
    models = {},
    tools = {},
    seed,
    policy,
    args = [],
    inputs = {},
    dropped = [],
    cut = [],
  } = overrides;
  checkSeed(seed);
  const entries = await resolvedEntries(models, tools, directory);
  return {
    modules: await builtModules(modules, directory),
    drainTicks,
    ...entries,
    replaced: [
      ...Object.keys(models).map((name) => ({ kind: "inference", name }) as const),
      ...Object.keys(tools).map((name) => ({ kind: "tool", name }) as const),
    ],
    ...(seed === undefined ? {} : { seed }),
    ...(policy === undefined ? {} : { policy: policyOf(`policy=${policy}`, policy) }),
    args,
    inputs: Object.entries(inputs).map(([seq, value]) => ({ seq: Number(seq), ...encodePayload(value) })),
    dropped,
    cut,
  };
}

/** @throws {WE_FORK_OVERRIDE} */
function checkSeed(seed: number | undefined): void {
  if (seed === undefined || (Number.isSafeInteger(seed) && seed >= 0)) return;
  const reason = "a seed is a whole number from 0 to 2^53 - 1";
  throw forkError("WE_FORK_OVERRIDE", { override: `seed=${seed}`, reason, advice: "for example seed=7" });
}

async function resolvedEntries(
  models: Readonly<Record<string, Json>>,
  tools: Readonly<Record<string, Json>>,
  directory: string,
): Promise<Pick<ResolvedOverrides, "models" | "adapters">> {
  if (Object.keys(models).length === 0 && Object.keys(tools).length === 0)
    return { models: [], adapters: [] };
  const { resolveEntries } = await import("../config/override-entries.js");
  return resolveEntries({ models, tools }, directory);
}

/** Modules of an override, built from their sources and admitted as the project in `directory` says. */
export async function builtModules(
  files: Readonly<Record<string, string>>,
  directory: string,
): Promise<ResolvedOverrides["modules"]> {
  const requests = Object.entries(files).map(([name, path]) => ({ name, path: resolve(path) }));
  if (requests.length === 0) return [];
  const [{ projectTrust }, { loadModules }] = await Promise.all([
    import("../config/override-entries.js"),
    import("../modules/load-modules.js"),
  ]);
  return [...(await loadModules(requests, projectTrust(directory))).values()];
}

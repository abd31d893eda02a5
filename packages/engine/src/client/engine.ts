/** The front door: opens a configuration as a new run, or a recorded run to go on with it. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ModelOverrides } from "../config/model-override.js";
import type { Delivery, Durability, InputSourceSpec, ResolvedWorld } from "../world/contract.js";
import type { CrashPlan } from "../world/crash-point.js";
import type { WorldJob, WorldOrigin } from "../world/job.js";
import type { SessionOptions } from "../world/session.js";
import { fail as inferenceError } from "../inference/errors.js";
import { inferenceWorkersMax } from "../inference/limits.js";
import { parseWorkers } from "../threads/worker-count.js";
import type { Workers } from "../threads/worker-count.js";
import { isFolder } from "../storage/path-kind.js";
import type { ConnectedWorld } from "./connected-world.js";
import { loadConfig } from "./deferred.js";
import { WorldLink } from "./link.js";
import { connectProcess, startProcess } from "./process-transport.js";
import type { SpawnOptions, StartedProcess } from "./process-transport.js";
import { fail } from "../world/errors.js";
import { newRunId, resolveRun, runsDirectory } from "../world/run-reference.js";
import type { ProgramToolFunction } from "./program-tools.js";
import { RunningWorld } from "./running-world.js";

export interface OpenOptions {
  /** `process` (default): a world process of its own. `inline`: this thread, for tests. */
  readonly isolation?: "process" | "inline";
  /** Folder of a new run; refused where it exists. Default: `.wasm-engine/runs/<id>` beside the configuration. */
  readonly dir?: string;
  /**
   * `auto` (default): rests until the first call that needs ticks; `run` and `step` decide how far, an input or a
   * subscription makes it live. `live`: executes whatever is due. `paused`: waits for `run`, `step` or `resume`.
   */
  readonly start?: "auto" | "live" | "paused";
  /** The target is a run to go on with, never a configuration. */
  readonly resume?: boolean;
  /** Override the configuration of a new run. */
  readonly seed?: number;
  /** Level at which inputs are acknowledged. */
  readonly durability?: Durability;
  readonly allowUnsigned?: boolean;
  /** Other sources for models of the configuration, by their names: `openai:URL#NAME`, a folder, `scripted:FILE`. */
  readonly models?: ModelOverrides;
  /** Inputs besides the configured ones; a second "-" is left out, standard input is read once. */
  readonly inputs?: readonly InputSourceSpec[];
  /** Ticks follow the wall clock. */
  readonly realtime?: boolean;
  /**
   * Threads that execute agents, the orchestrator thread among them; default `auto`. Shows in no result. With
   * isolation `inline` there is one, whatever is asked for: the result says so.
   */
  readonly workers?: Workers;
  /** SIGINT and SIGTERM of this process finish the tick, seal and close; a second one ends the world at once. */
  readonly handleSignals?: boolean;
  readonly v8Flags?: readonly string[];
  /** Executable of another Node version. */
  readonly execPath?: string;
  readonly signal?: AbortSignal;
  /** How answers of models enter; wins over the configuration. Default: lockstep, with `realtime` recorded. */
  readonly delivery?: Delivery;
  /** A model runs on the first of its providers or not at all. */
  readonly strictInference?: boolean;
  /** Threads of each model in a folder; wins over the configuration, and shows in no answer. */
  readonly inferenceWorkers?: number;
  /** Answers of earlier runs are not looked at; those of this one are kept. */
  readonly askAnew?: boolean;
  /** Telemetry hooks hear what agents write to their consoles, their faults and exits, as they happen. */
  readonly observe?: boolean;
  /**
   * Functions of this program for the tools that the configuration declares with `program: true`, each with the input
   * and `{ signal, requestId, agentId }`; or whole tools with schemas. Called in this process; all of them are needed
   * again to go on with the run. @throws {WE_TOOL_PROGRAM_MISSING} {WE_TOOL_PROGRAM_UNKNOWN} on opening
   */
  readonly tools?: Readonly<Record<string, ProgramToolFunction>>;
  /** `threads`: see thread-faults.ts. */
  readonly testing?: {
    readonly crash?: CrashPlan;
    readonly threads?: string;
    readonly inferenceService?: string;
  };
}

/**
 * Opens a world: a configuration file, a resolved configuration, a run folder, a prefix of a run id, or `@last`.
 * @throws {WE_RUN_UNKNOWN} @throws {WE_EXECUTOR_WORKERS} @throws {WE_INFERENCE_WORKERS}
 * @throws {WE_WORLD_DIED}
 * and what configuration and recovery throw
 */
async function open(target: string | ResolvedWorld, options: OpenOptions = {}): Promise<RunningWorld> {
  const workers = workersOf(options);
  const early = isBuilt(target, options) ? startProcess(spawnOptions(options, false)) : undefined;
  const link = new WorldLink();
  const abort = (): void => link.kill();
  options.signal?.addEventListener("abort", abort, { once: true });
  try {
    const { origin, warnings } = await originOf(target, options);
    const start = options.start ?? "auto";
    const programTools = await toolsOf(link, options);
    const job = { ...jobOf(origin, { start, workers }, options), ...programTools };
    if (options.isolation === "inline") (await import("./inline-transport.js")).connectInline(link, job);
    else connectProcess(link, job, processFor(origin, { options, early }));
    if (options.signal?.aborted === true) abort();
    const world = new RunningWorld(link, await link.opened, warnings);
    if (options.handleSignals === true) handleSignals(link, world);
    return world;
  } catch (error) {
    early?.child.kill("SIGKILL");
    link.kill();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", abort);
  }
}

/** Executing threads; numbers of threads are looked at before anything is read. @throws {WE_INFERENCE_WORKERS} */
function workersOf({ workers, inferenceWorkers = 1 }: OpenOptions): Workers {
  if (
    !Number.isSafeInteger(inferenceWorkers) ||
    inferenceWorkers < 1 ||
    inferenceWorkers > inferenceWorkersMax
  )
    throw inferenceError("WE_INFERENCE_WORKERS", { workers: inferenceWorkers, inferenceWorkersMax });
  return parseWorkers(workers ?? "auto");
}

/** Whoever gives no function loads none of what they need. */
async function toolsOf(
  link: WorldLink,
  { tools = {} }: OpenOptions,
): Promise<Pick<WorldJob, "programTools">> {
  if (Object.keys(tools).length === 0) return {};
  const { serveTools } = await import("./program-tools.js");
  return { programTools: await serveTools(link, tools) };
}

function jobOf(
  origin: WorldOrigin,
  { start, workers }: { readonly start: SessionOptions["start"]; readonly workers: Workers },
  options: OpenOptions,
): WorldJob {
  const { realtime = false, delivery, strictInference, askAnew, observe, testing } = options;
  const { inferenceWorkers } = options;
  const session = {
    start,
    realtime,
    ...(delivery === undefined ? {} : { delivery }),
    ...(strictInference === undefined ? {} : { strictInference }),
    ...(inferenceWorkers === undefined ? {} : { inferenceWorkers }),
    ...(askAnew === undefined ? {} : { askAnew }),
    ...(observe === undefined ? {} : { observe }),
  };
  const service = testing?.inferenceService;
  const inference = service === undefined ? {} : { inferenceService: service };
  return { kind: "world", origin, session, workers, ...inference };
}

/** A configuration takes its time: the process of its world starts meanwhile. */
function isBuilt(target: string | ResolvedWorld, options: OpenOptions): target is string {
  return options.isolation !== "inline" && typeof target === "string" && !isRun(target, options);
}

/** The process that is there already, unless the world turns out to read standard input, which that one cannot. */
function processFor(
  origin: WorldOrigin,
  { options, early }: { readonly options: OpenOptions; readonly early: StartedProcess | undefined },
): StartedProcess {
  const isReader = readsStandardInput(origin);
  if (early !== undefined && !isReader) return early;
  early?.child.kill("SIGKILL");
  return startProcess(spawnOptions(options, isReader));
}

/**
 * Connects to a world that is running in another process: the folder of its run, a prefix of its id, or `@last`.
 * @throws {WE_RUN_UNKNOWN} {WE_CONTROL_NOT_RUNNING}
 */
async function connect(
  run: string,
  options: { readonly baseDirectory?: string } = {},
): Promise<ConnectedWorld> {
  const { ControlClient } = await import("./control-client.js");
  const { ConnectedWorld: World } = await import("./connected-world.js");
  return new World(await ControlClient.connect(resolveRun(run, options.baseDirectory)));
}

/** A world that runs by itself: nobody has to stay for it. */
export interface DetachedWorld {
  readonly runId: string;
  readonly dir: string;
  readonly pid: number;
  /** Address of its control socket; absent where the platform has none: it then ends by a signal only. */
  readonly control?: string;
  /** Where it says what it has to say. */
  readonly log: string;
  readonly warnings: readonly string[];
}

/**
 * Starts a world that outlives this process: it runs until its stop rule holds or it is told to stop, and closes by
 * itself. What goes wrong before it is open (configuration, models) is thrown here.
 * @throws {WE_RUN_DETACHED_INPUT} and what {@link Engine.open} throws
 */
async function detach(
  target: string,
  options: Omit<OpenOptions, "isolation" | "start" | "handleSignals" | "tools"> & {
    readonly ticks?: number;
  } = {},
): Promise<DetachedWorld> {
  const { beginLog } = await import("./detached-log.js");
  const workers = workersOf(options);
  const opening = await originOf(target, options);
  const { origin, dir } = withFolder(opening.origin);
  const link = new WorldLink();
  const abort = (): void => link.kill();
  const log = beginLog(dir, origin.kind);
  try {
    const job = jobOf(origin, { start: "paused", workers }, options);
    const { ticks } = options;
    const until = { rule: "configured", ...(ticks === undefined ? {} : { ticks }) } as const;
    const session = { ...job.session, closesAfterRun: true };
    const started = startProcess({ ...spawnOptions(options, false), detachedLog: log.file });
    connectProcess(link, { ...job, session, detached: { until, log: log.path } }, started);
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted === true) abort();
    const { runId, control } = await link.opened;
    started.child.disconnect();
    started.child.unref();
    const address = control === undefined ? {} : { control };
    const { warnings } = opening;
    return { runId, dir, pid: link.pid, ...address, log: log.finalPath, warnings };
  } catch (error) {
    link.kill();
    throw log.explained(error);
  } finally {
    log.close();
    options.signal?.removeEventListener("abort", abort);
  }
}

/** A detached world's folder is known before the world is, so that its log can be. @throws {WE_RUN_DETACHED_INPUT} */
function withFolder(origin: WorldOrigin): { readonly origin: WorldOrigin; readonly dir: string } {
  if (origin.kind === "resume") return { origin, dir: origin.dir };
  if (readsStandardInput(origin)) throw fail("WE_RUN_DETACHED_INPUT");
  const dir = origin.dir ?? join(runsDirectory(origin.world.baseDirectory), newRunId());
  return { origin: { ...origin, dir }, dir };
}

export const Engine = { open, connect, detach } as const;

interface Opening {
  readonly origin: WorldOrigin;
  readonly warnings: readonly string[];
}

async function originOf(target: string | ResolvedWorld, options: OpenOptions): Promise<Opening> {
  if (typeof target !== "string") return { origin: newRun(target, options), warnings: [] };
  if (isRun(target, options)) {
    return { origin: { kind: "resume", dir: resolveRun(target) }, warnings: [] };
  }
  const { seed, durability, allowUnsigned, inputs, models } = options;
  const { world, warnings } = await loadConfig(resolve(target), {
    ...(seed === undefined ? {} : { seed }),
    ...(durability === undefined ? {} : { durability }),
    ...(allowUnsigned === undefined ? {} : { allowUnsigned }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(models === undefined ? {} : { models }),
  });
  return { origin: newRun(withOneStandardInput(world), options), warnings };
}

/** Standard input is one stream: the first input that names it, the configuration's own, reads it. */
function withOneStandardInput(world: ResolvedWorld): ResolvedWorld {
  const first = world.inputs.findIndex(({ path }) => path === "-");
  return { ...world, inputs: world.inputs.filter(({ path }, index) => path !== "-" || index === first) };
}

function isRun(target: string, options: OpenOptions): boolean {
  return options.resume === true || !isConfiguration(target);
}

/** A file, a folder with an engine.yaml, or a path that looks like a configuration and will be reported missing. */
function isConfiguration(target: string): boolean {
  if (isFolder(target)) return existsSync(join(target, "engine.yaml"));
  return existsSync(target) || /\.ya?ml$/.test(target);
}

function newRun(world: ResolvedWorld, options: OpenOptions): WorldOrigin {
  return { kind: "new", world, ...(options.dir === undefined ? {} : { dir: resolve(options.dir) }) };
}

function spawnOptions(options: OpenOptions, stdin: boolean): SpawnOptions {
  const { crash, threads } = options.testing ?? {};
  return {
    stdin,
    ...(options.v8Flags === undefined ? {} : { v8Flags: options.v8Flags }),
    ...(options.execPath === undefined ? {} : { execPath: options.execPath }),
    ...(crash === undefined ? {} : { crash: `${crash.point}:${crash.passage}` }),
    ...(threads === undefined ? {} : { threads }),
  };
}

/** A resumed run reads standard input where its configuration did; only its process knows, so it may. */
function readsStandardInput(origin: WorldOrigin): boolean {
  return origin.kind === "resume" || origin.world.inputs.some((input) => input.path === "-");
}

/** Ends the world cleanly on the first signal and at once on the second. */
function handleSignals(link: WorldLink, world: RunningWorld): void {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) link.kill();
    else world.stop("interrupted").catch(() => undefined);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  void link.closed().then(() => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  });
}

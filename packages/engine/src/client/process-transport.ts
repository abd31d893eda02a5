/**
 * Starts a world process and talks to it over its pipe. The process dies with this one; its death is an error
 * that names the run, which can be resumed.
 */

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EngineError } from "@wasm-engine/abi";
import type { FutureOutcome } from "../fork/contract.js";
import type { ReplayProgress } from "../replay/replay-contract.js";
import type { WorldEvent } from "../world/control.js";
import { THREAD_FAULT_VARIABLE } from "../threads/thread-faults.js";
import { CRASH_VARIABLE } from "../world/crash-point.js";
import { fail } from "../world/errors.js";
import { CallGatherer } from "../world/call-batch.js";
import type { Job, JobMessage } from "../world/job.js";
import { stderrTailBytes } from "../world/limits.js";
import { v8FlagsOf, worldProcessFlags } from "../world/v8-flags.js";
import type { Transport, WorldLink } from "./link.js";

const program = fileURLToPath(new URL("../world/world-process.js", import.meta.url));

export interface SpawnOptions {
  /** The world reads this process's standard input. */
  readonly stdin: boolean;
  /** Added to the V8 flags that this process was started with. */
  readonly v8Flags?: readonly string[];
  readonly crash?: string;
  /** Test-only fault of executing threads. */
  readonly threads?: string;
  /** Executable of another Node version; default this one. */
  readonly execPath?: string;
  /** The process outlives this one; its standard error goes to this open file. */
  readonly detachedLog?: number;
}

/** A world process that waits for its job, and loads its parts meanwhile. */
export interface StartedProcess {
  readonly child: ChildProcess;
  /** Settles when nothing of the process is left, or it never began: the cause in words. */
  readonly gone: Promise<string>;
}

/** Starts a world process. From now on its end is noticed, whenever somebody asks. */
export function startProcess(options: SpawnOptions): StartedProcess {
  const environment = { ...process.env };
  if (options.crash !== undefined) environment[CRASH_VARIABLE] = options.crash;
  if (options.threads !== undefined) environment[THREAD_FAULT_VARIABLE] = options.threads;
  const child = fork(program, [], {
    execArgv: [
      ...new Set([...worldProcessFlags, ...v8FlagsOf(process.execArgv), ...(options.v8Flags ?? [])]),
    ],
    serialization: "advanced",
    stdio: [options.stdin ? "inherit" : "ignore", "ignore", options.detachedLog ?? "pipe", "ipc"],
    detached: options.detachedLog !== undefined,
    env: environment,
    ...(options.execPath === undefined ? {} : { execPath: options.execPath }),
  });
  const tail = stderrTailOf(child);
  const gone = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(causeOfDeath(code, signal, tail())));
  });
  return { child, gone };
}

/** Keeps the end of standard error, where the runtime says why it aborted. */
function stderrTailOf(child: ChildProcess): () => string {
  let tail = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => {
    tail = (tail + text).slice(-stderrTailBytes);
  });
  return () => tail.trim();
}

function give(child: ChildProcess, job: Job): void {
  if (child.connected) child.send({ kind: "job", job } satisfies JobMessage, () => undefined);
}

/** How a process ended, in words. */
export function causeOfDeath(code: number | null, signal: string | null, stderr: string): string {
  const how = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
  const fatal = stderr.split("\n").find((line) => /FATAL|Error|error/.test(line));
  return fatal === undefined ? how : `${how}, ${fatal.trim()}`;
}

/** Connects `link` to a world process and gives it its job. */
export function connectProcess(link: WorldLink, job: Job, { child, gone }: StartedProcess): void {
  // Until the world says where it is: it may die before, with a run that was begun.
  let dir = job.kind === "world" ? (job.origin.dir ?? "") : "";
  child.on("message", (message) => {
    const event = message as WorldEvent; // sent by our own world process
    if (event.kind === "opened") dir = event.dir;
    link.receive(event);
  });
  const closed = gone.then((cause) => link.lost(fail("WE_WORLD_DIED", { cause, dir })));
  const calls = new CallGatherer((message) => {
    if (child.connected) child.send(message satisfies JobMessage, () => undefined);
  });
  const transport: Transport = {
    post: (call) => calls.push(call),
    closed: () => closed,
    kill: () => void child.kill("SIGKILL"),
    pid: child.pid ?? 0,
  };
  link.attach(transport);
  give(child, job);
}

export interface JobProcessOptions extends SpawnOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly onFuture?: (outcome: FutureOutcome) => void;
}

/** Runs a job that ends with one value. */
export function runInProcess(job: Job, options: JobProcessOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { child, gone } = startProcess(options);
    const abort = (): void => {
      child.kill("SIGKILL");
      reject(fail("WE_WORLD_ABORTED", { method: job.kind }));
    };
    options.signal?.addEventListener("abort", abort, { once: true });
    child.on("message", (message) => {
      const event = message as WorldEvent; // sent by our own world process
      if (event.kind === "answer") resolve(event.value);
      if (event.kind === "replayed") options.onProgress?.(event.progress);
      if (event.kind === "future") options.onFuture?.(event.outcome);
      if (event.kind === "failed") reject(EngineError.fromRecord(event.error));
    });
    give(child, job);
    void gone.then((cause) => {
      options.signal?.removeEventListener("abort", abort);
      reject(fail("WE_WORLD_DIED", { cause, dir: "" }));
    });
  });
}

/**
 * Program of the world process. Its main thread only relays: calls from the client to the orchestrator thread,
 * events back; and it starts the threads that one asks for. It ends with its client, with the orchestrator thread,
 * or when told to.
 */

import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import { ControlServer } from "../control/control-server.js";
import { serveThreads } from "../threads/thread-host.js";
import { CallGatherer } from "./call-batch.js";
import type { WorldEvent } from "./control.js";
import type { EngineLog } from "./engine-log.js";
import type { JobMessage, ThreadData, WorldJob } from "./job.js";
import { executorStackMb, orchestratorHeapMb, stopDeadlineMs } from "./limits.js";

const threadProgram = fileURLToPath(new URL("./orchestrator-thread.js", import.meta.url));
const bell = new SharedArrayBuffer(4);
const threads = new MessageChannel();
const startedThreads = serveThreads(threads.port1);
const thread = startThread({ bell, threads: threads.port2 });
const connectionCalls = new CallGatherer(relay);
const control = new ControlServer((call) => connectionCalls.push(call));
/** Events that wait until the control socket listens. */
let held: WorldEvent[] | undefined;
/** Settles when the world has been announced. */
let announced: Promise<void> = Promise.resolve();
let hasJob = false;
let detached: WorldJob["detached"];
let engineLog: EngineLog | undefined;
/** Settles when the cause of the thread's death has been told. */
let dying: Promise<void> = Promise.resolve();

function startThread(data: ThreadData): Worker {
  const worker = new Worker(threadProgram, {
    workerData: data,
    transferList: [data.threads],
    resourceLimits: { stackSizeMb: executorStackMb, maxOldGenerationSizeMb: orchestratorHeapMb },
  });
  worker.on("message", (event: WorldEvent) => {
    if (event.kind === "reads-stdin") relayStandardInput();
    else if (event.kind === "opened") announced = announce(event);
    else if (!control.receive(event)) tell(event);
  });
  worker.on("error", (error) => {
    dying = tellCause(error);
  });
  worker.on("exit", (code) => void Promise.all([dying, announced]).then(() => leave(code)));
  return worker;
}

/** The orchestrator thread never returns to an event loop, so this one reads for it. */
function relayStandardInput(): void {
  process.stdin.on("data", (bytes: Buffer) => relay({ kind: "stdin", bytes: new Uint8Array(bytes) }));
  process.stdin.on("end", () => relay({ kind: "stdin" }));
  process.stdin.on("error", () => relay({ kind: "stdin" }));
}

/** A world is open for its client once others can reach it too; what it says meanwhile is told afterwards. */
async function announce(event: Extract<WorldEvent, { readonly kind: "opened" }>): Promise<void> {
  held = [];
  const address = await control.listen(event);
  const later = held;
  held = undefined;
  if (detached !== undefined) await beginAlone(event, detached);
  tell({ ...event, ...(address === undefined ? {} : { control: address }) });
  for (const next of later) tell(next);
}

function tell(event: WorldEvent): void {
  if (event.kind === "ended" || event.kind === "failed") control.close();
  if (held !== undefined) return void held.push(event);
  engineLog?.note(event);
  // The client of a detached world leaves at any time.
  if (process.connected) process.send?.(event, undefined, undefined, () => undefined);
}

/** A detached world runs without being asked. Its answer has nobody to go to: the log says how it ended. */
async function beginAlone(
  { dir }: Extract<WorldEvent, { readonly kind: "opened" }>,
  { log, until }: NonNullable<WorldJob["detached"]>,
): Promise<void> {
  const { EngineLog: Log } = await import("./engine-log.js");
  engineLog = new Log(log, dir);
  relay({ kind: "call", call: { id: 0, request: { method: "run", until } } });
}

/** What was told must arrive before the process ends: the channel is closed by the client's side last. */
function leave(code: number): void {
  process.exitCode = code;
  // Where the orchestrator died, nobody else asks them to end; the process ends when they have.
  startedThreads.close();
  if (process.connected) process.disconnect();
}

async function tellCause(error: Error): Promise<void> {
  const [{ EngineError }, { fail }] = await Promise.all([import("@wasm-engine/abi"), import("./errors.js")]);
  const cause = `${error.name}: ${error.message}`;
  const coded = EngineError.is(error) ? error : fail("WE_WORLD_DIED", { cause, dir: "" });
  tell({ kind: "failed", error: coded.toRecord() });
}

function relay(message: JobMessage): void {
  thread.postMessage(message);
  Atomics.add(new Int32Array(bell), 0, 1);
  Atomics.notify(new Int32Array(bell), 0);
}

/** Finishes the tick, seals and ends; a turn that takes too long is cut off, which the log survives. */
function stop(): void {
  if (!hasJob) process.exit(0);
  relay({ kind: "call", call: { id: 0, request: { method: "stop", reason: "interrupted" } } });
  setTimeout(cutOff, stopDeadlineMs).unref();
}

/** Leaving by exit while a thread is within native code would end in an abort of the runtime. */
function cutOff(): void {
  if (startedThreads.mustWait) process.kill(process.pid, "SIGKILL");
  process.exit(130);
}

process.on("message", (message) => {
  const received = message as JobMessage; // sent by our own client
  if (received.kind === "job") {
    hasJob = true;
    if (received.job.kind === "world") detached = received.job.detached;
  }
  relay(received);
});
process.on("disconnect", () => {
  if (detached === undefined) stop();
});
// A client that died while this program was loading was gone before anybody listened.
if (!process.connected) stop();
// A terminal sends Ctrl-C to the whole group: the client decides what it means.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", stop);

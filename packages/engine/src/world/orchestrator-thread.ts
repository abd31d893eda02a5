/** Program of the orchestrator thread: owns a world and executes it, or does one job and reports its value. */

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { EngineError, assert } from "@wasm-engine/abi";
import type { EmitEvent } from "./control.js";
import { crashPlanOf, crashPoints } from "./crash-point.js";
import { fail } from "./errors.js";
import type { Job, JobMessage, ThreadData, WorldJob } from "./job.js";
import { callsPerPump, idleWaitMs } from "./limits.js";
import { Machine } from "../threads/machine.js";
import { threadFaultOf } from "../threads/thread-faults.js";
import { RemoteThreadHost } from "../threads/thread-host.js";
import type { Workers } from "../threads/worker-count.js";

const port = parentPort;
assert(port !== null, "this program runs in a thread of a world process");
const data = workerData as ThreadData; // set by world-process.ts
const emit: EmitEvent = (event) => port.postMessage(event);
/** The main thread of this process starts threads for this one. */
const host = new RemoteThreadHost(data.threads);

function nextMessage(): JobMessage | undefined {
  assert(port !== null, "this program runs in a thread of a world process");
  const received = receiveMessageOnPort(port) as { message: JobMessage } | undefined; // sent by world-process.ts
  return received?.message;
}

/** Waits for the one job of this process. */
function receiveJob(): Job {
  const bell = new Int32Array(data.bell);
  for (;;) {
    const heard = Atomics.load(bell, 0);
    const message = nextMessage();
    if (message?.kind === "job") return message.job;
    assert(message === undefined, "nothing is asked of a world before its job is given");
    Atomics.wait(bell, 0, heard, idleWaitMs);
  }
}

/** Sleeps until the bell is rung, unless it was since the last time. */
let heardBefore = 0;
function restUntilRung(waitMs: number): void {
  const bell = new Int32Array(data.bell);
  Atomics.wait(bell, 0, heardBefore, waitMs);
  heardBefore = Atomics.load(bell, 0);
}

/** The machine of this process. */
function machineOf(workers: Workers | undefined, reservedCores = 0): Machine {
  return new Machine({
    workers: workers ?? "auto",
    reservedCores,
    host,
    fault: threadFaultOf(process.env),
  });
}

/** The loop of an open world: calls, ticks, sleep. */
async function drive(job: WorldJob): Promise<void> {
  const [{ openRun }, { Session }, { RunRecovery }, { openAnswerers }, { Observation }, { forEachInput }] =
    await Promise.all([
      import("./open-run.js"),
      import("./session.js"),
      import("./run-recovery.js"),
      import("./open-answerers.js"),
      import("./observation.js"),
      import("./call-batch.js"),
    ]);
  const bell = new Int32Array(data.bell);
  const { origin, answerers, threadCount } = await openAnswerers(job, { host, bell: data.bell }, emit);
  const options = {
    writer: "thread",
    bell: data.bell,
    pass: crashPoints(crashPlanOf(process.env)),
    machine: machineOf(job.workers, threadCount),
    ...answerers,
    ...(job.session.observe === true ? { observation: new Observation(emit) } : {}),
  } as const;
  const run = openRun(origin, options);
  if (run.readsStandardInput) emit({ kind: "reads-stdin" });
  const session = new Session(run, emit, job.session, new RunRecovery(options));
  while (!session.ended) {
    const heard = Atomics.load(bell, 0);
    let taken = 0;
    for (let message; taken < callsPerPump && (message = nextMessage()) !== undefined; taken += 1) {
      if (message.kind === "call") session.handle(message.call);
      else if (message.kind === "inputs") {
        forEachInput(message, (id, request) => session.handle({ id, request }));
        taken += message.ids.length - 1;
      } else if (message.kind === "stdin") session.feed(message.bytes);
    }
    const waitMs = session.pump();
    if (waitMs > 0 && taken < callsPerPump) Atomics.wait(bell, 0, heard, waitMs);
  }
}

try {
  // Most jobs need the parts of a world: they load while the job is still on its way.
  await import("./open-run.js");
  const job = receiveJob();
  if (job.kind === "world") {
    await drive(job);
  } else {
    const { runJob } = await import("../replay/run-job.js");
    emit({
      kind: "answer",
      id: 0,
      value: await runJob(job, {
        host,
        machine: machineOf("workers" in job ? job.workers : job.kind === "replay" ? "auto" : 1),
        onProgress: (progress) => emit({ kind: "replayed", progress }),
        onFuture: (outcome) => emit({ kind: "future", outcome }),
        futures: { writer: "thread", threads: { host, bell: data.bell }, rest: restUntilRung },
      }),
    });
  }
} catch (error) {
  const coded = EngineError.is(error) ? error : fail("WE_WORLD_DIED", { cause: String(error), dir: "" });
  emit({ kind: "failed", error: coded.toRecord() });
  process.exitCode = coded.exitCode;
}

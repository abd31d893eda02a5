/**
 * Makes futures of one tick and executes them one after the other in this process. What they have in common is done
 * once: modules are compiled, the snapshot that they begin with is read, instances are made. Each future is opened,
 * run and closed like any run, and is one afterwards.
 */

import { EngineError, assert } from "@wasm-engine/abi";
import type { ThreadAsker } from "../inference/open-inference.js";
import { Machine } from "../threads/machine.js";
import { LocalThreadHost } from "../threads/thread-host.js";
import type { ControlRequest, RunResult, WorldEvent, WorldReport } from "../world/control.js";
import { crashPoints } from "../world/crash-point.js";
import { openAnswerers } from "../world/open-answerers.js";
import { openRun } from "../world/open-run.js";
import type { OpenRunOptions } from "../world/open-run.js";
import { RunRecovery } from "../world/run-recovery.js";
import { Session } from "../world/session.js";
import { SharedStart } from "../world/starting-point.js";
import type { ForkReport, FutureOutcome, FuturesJob } from "./contract.js";
import { makeForks } from "./make-forks.js";

/** What executes futures beside this thread. */
export interface FutureSurroundings {
  /** Whether their logs and snapshots have threads of their own. */
  readonly writer: OpenRunOptions["writer"];
  readonly threads: ThreadAsker;
  /** Waits so many milliseconds, or until something has come. */
  readonly rest: (waitMs: number) => Promise<void> | void;
}

/** What all futures share. */
interface Ground extends FutureSurroundings {
  readonly job: FuturesJob;
  readonly machine: Machine;
  readonly start: SharedStart;
}

/**
 * The job `futures`: outcomes in the order of the futures. One that fails is an outcome, the others go on.
 * @throws as making forks does
 */
export async function runFutures(
  job: FuturesJob,
  {
    onFuture,
    futures,
  }: {
    readonly onFuture?: (outcome: FutureOutcome) => void;
    readonly futures?: FutureSurroundings;
  },
): Promise<readonly FutureOutcome[]> {
  const machine = new Machine({ workers: 1, reuse: "images" });
  const local = futures === undefined ? new LocalThreadHost() : undefined;
  const surroundings = futures ?? localSurroundings(local ?? new LocalThreadHost());
  try {
    const forks = makeForks({ ...job, kind: "forks" }, machine);
    const ground = { ...surroundings, job, machine, start: new SharedStart() };
    const outcomes: FutureOutcome[] = [];
    for (const [index, fork] of forks.entries()) {
      const outcome = await outcomeOf(fork, index, ground);
      outcomes.push(outcome);
      onFuture?.(outcome);
    }
    return outcomes;
  } finally {
    local?.close();
  }
}

function localSurroundings(host: LocalThreadHost): FutureSurroundings {
  const rest = (waitMs: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, waitMs));
  return { writer: "inline", threads: { host }, rest };
}

/** What is wrong with one future is its own affair, except where this program is. */
async function outcomeOf(fork: ForkReport, index: number, ground: Ground): Promise<FutureOutcome> {
  try {
    return { index, fork, ...(await executed(fork, ground)) };
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return { index, fork, error: error.toRecord() };
  }
}

/** Opens, runs, describes and closes. */
async function executed(
  { dir }: ForkReport,
  { job, machine, start, writer, threads, rest }: Ground,
): Promise<Pick<FutureOutcome, "result" | "world">> {
  const { inferenceService, until, describe } = job;
  const session = { start: "paused", realtime: false, isFuture: true } as const;
  const { answerers } = await openAnswerers(
    {
      kind: "world",
      origin: { kind: "resume", dir },
      session,
      ...(inferenceService === undefined ? {} : { inferenceService }),
    },
    threads,
    () => undefined,
  );
  const options = { writer, pass: crashPoints(undefined), machine, start, ...answerers } as const;
  const run = openRun({ kind: "resume", dir }, options);
  const asked = new AskedSession((emit) => new Session(run, emit, session, new RunRecovery(options)), rest);
  try {
    const result = (await asked.ask({ method: "run", until })) as RunResult; // the answer of `run`
    const world = describe ? await asked.ask({ method: "inspect", describe }) : undefined;
    await asked.ask({ method: "stop", reason: "stopped" });
    return { result, ...(world === undefined ? {} : { world: world as WorldReport }) }; // the answer of `inspect`
  } catch (error) {
    run.abandon();
    throw error;
  }
}

type AnswerEvent = Extract<WorldEvent, { readonly kind: "answer" | "refusal" }>;

/** A session that one caller asks, call by call. */
class AskedSession {
  readonly #session: Session;
  readonly #rest: FutureSurroundings["rest"];
  #answers: AnswerEvent[] = [];
  #id = 0;

  constructor(open: (emit: (event: WorldEvent) => void) => Session, rest: FutureSurroundings["rest"]) {
    this.#rest = rest;
    this.#session = open((event) => {
      if (event.kind === "answer" || event.kind === "refusal") this.#answers.push(event);
    });
  }

  /** @throws what the call is refused with, and what executing throws */
  async ask(request: ControlRequest): Promise<unknown> {
    this.#id += 1;
    this.#session.handle({ id: this.#id, request });
    while (this.#answers.length === 0) {
      const waitMs = this.#session.pump();
      if (waitMs > 0 && this.#answers.length === 0) await this.#rest(waitMs);
    }
    const event = this.#answers.shift();
    assert(event?.id === this.#id, "one call is answered at a time");
    if (event.kind === "refusal") throw EngineError.fromRecord(event.error);
    return event.value;
  }
}

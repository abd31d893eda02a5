/**
 * A world in the calling thread, for tests and tools: no process, no threads. Its ceiling: agents share the stack
 * of this thread (deep recursion faults earlier than the contract says) and ticks block the event loop.
 */

import { EngineError } from "@wasm-engine/abi";
import type { ControlCall, EmitEvent } from "../world/control.js";
import { crashPoints } from "../world/crash-point.js";
import { singleThread } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import { LocalThreadHost } from "../threads/thread-host.js";
import { fail } from "../world/errors.js";
import type { WorldJob } from "../world/job.js";
import { Observation } from "../world/observation.js";
import { openAnswerers } from "../world/open-answerers.js";
import { openRun } from "../world/open-run.js";
import { RunRecovery } from "../world/run-recovery.js";
import { Session } from "../world/session.js";
import type { Transport, WorldLink } from "./link.js";

class InlineTransport implements Transport {
  readonly pid = process.pid;
  readonly #link: WorldLink;
  readonly #machine: Machine;
  readonly #calls: ControlCall[] = [];
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  readonly #threads = new LocalThreadHost();
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;

  constructor(link: WorldLink, machine: Machine) {
    this.#link = link;
    this.#machine = machine;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  async open(job: WorldJob): Promise<void> {
    const threads = { host: this.#threads };
    const emit: EmitEvent = (event) => this.#link.receive(event);
    const opened = await openAnswerers(job, threads, emit).catch((error: unknown) => this.#fail(error));
    if (opened === undefined) return;
    const { origin, answerers } = opened;
    this.#guarded(() => {
      const pass = crashPoints(undefined);
      const observing = job.session.observe === true ? { observation: new Observation(emit) } : {};
      const options = { writer: "inline", pass, machine: this.#machine, ...answerers, ...observing } as const;
      const run = openRun(origin, options);
      this.#session = new Session(run, emit, job.session, new RunRecovery(options));
      if (run.readsStandardInput) this.#readStandardInput(this.#session);
      this.#schedule();
    });
  }

  post(call: ControlCall): void {
    this.#calls.push(call);
    this.#schedule();
  }

  closed(): Promise<void> {
    return this.#closed;
  }

  /** Nothing can be cut off in one thread: the world simply gets no more turns; its folder stays as it is. */
  kill(): void {
    this.#session = undefined;
    this.#link.lost(fail("WE_WORLD_DIED", { cause: "killed", dir: "" }));
    this.#end();
  }

  #readStandardInput(session: Session): void {
    const feed = (bytes: Uint8Array | undefined): void => {
      session.feed(bytes);
      this.#schedule();
    };
    process.stdin.on("data", (bytes: Buffer) => feed(bytes));
    process.stdin.on("end", () => feed(undefined));
    process.stdin.on("error", () => feed(undefined));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    clearTimeout(this.#timer);
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#guarded(() => this.#pump());
    });
  }

  #pump(): void {
    const session = this.#session;
    if (session === undefined) return;
    for (const call of this.#calls.splice(0)) session.handle(call);
    const waitMs = session.pump();
    if (session.ended) this.#end();
    else if (waitMs === 0) this.#schedule();
    else this.#timer = setTimeout(() => this.#schedule(), waitMs);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#session = undefined;
    this.#threads.close();
    this.#resolveClosed();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const coded = EngineError.is(error) ? error : fail("WE_WORLD_DIED", { cause: String(error), dir: "" });
    this.#link.receive({ kind: "failed", error: coded.toRecord() });
    this.#end();
  }
}

/** Connects `link` to a world in this thread. `machine`: for tests; agents are executed by this thread too. */
export function connectInline(link: WorldLink, job: WorldJob, machine: Machine = singleThread): void {
  const transport = new InlineTransport(link, machine);
  link.attach(transport);
  void transport.open(job);
}

/**
 * The orchestrator's side of the thread of adapters: hands it calls, reads what it says, ends it where a call blocks
 * it, starts it again where it died. Calls are at most once: what may be repeated is asked again, of everything else
 * the outcome is unknown. It outlives a run that is opened again in this process, so nothing is called twice.
 *
 *   call: asked ─► answered ─► forgotten     forgotten before it is answered: its signal is aborted
 */

import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { EngineError, assert, unreachable } from "@wasm-engine/abi";
import type { Encoding } from "@wasm-engine/abi";
import { AdapterState } from "./adapter-messages.js";
import type {
  AdapterFacts,
  AdapterNews,
  AdapterOptions,
  AdapterOrder,
  AdapterThreadData,
} from "./adapter-messages.js";
import { failure, timeoutAnswer } from "./answers.js";
import type { AdapterAnswer, AdapterRequest, AdapterSetup } from "./contract.js";
import { adapterError } from "./errors.js";
import type { ToolLine } from "./tool-lines.js";
import {
  adapterCloseMs,
  adapterDeathsMax,
  adapterLoadMsMax,
  limitsItself,
  threadGraceMs,
  threadLagMs,
} from "./limits.js";
import { executorStackMb } from "../world/limits.js";
import type { SharedSignal } from "../threads/shared-signal.js";
import type { StartedThread, ThreadHost } from "../threads/thread-host.js";

const program = new URL("./adapter-thread.js", import.meta.url).href;

export interface AdapterHostParts {
  readonly setups: readonly AdapterSetup[];
  readonly options: AdapterOptions;
  readonly host: ThreadHost;
  /** Limit of making the adapters; absent: that of limits.ts. A recorded run takes what its replay takes. */
  readonly loadMsMax?: number;
  /** Bell of the orchestrator's loop; absent where that has an event loop. */
  readonly bell?: SharedArrayBuffer;
  /** The program that opened the world. */
  readonly program: ProgramSide;
}

/** Calls on their way to the program that opened the world. It answers by {@link AdapterHost.hearProgram}. */
export interface ProgramSide {
  /** A line of a tool's console, for people. */
  line(line: ToolLine): void;
  call(request: AdapterRequest): void;
  abort(id: string): void;
}

/** What has been heard since the last look. */
export type AdapterEvent =
  | { readonly kind: "answer"; readonly id: string; readonly answer: AdapterAnswer }
  | { readonly kind: "part"; readonly id: string; readonly encoding: Encoding; readonly payload: Uint8Array }
  | { readonly kind: "died"; readonly cause: string; readonly deaths: number };

interface Call {
  readonly adapter: number;
  readonly request: AdapterRequest;
  /** Past it the thread is asked whether it is there; undefined until a thread works on the call. */
  deadlineMs: number | undefined;
  answer: AdapterAnswer | undefined;
  /** Times that the thread has ended while it worked on this. */
  deaths: number;
}

interface Running {
  readonly port: MessagePort;
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly thread: StartedThread;
}

/** Stable: they become parts of logged answers. */
const diedText = "the thread of tools ended while it worked on this call";
export const unknownText = "the call was begun and its outcome is not known";

export class AdapterHost {
  readonly #parts: AdapterHostParts;
  readonly #calls = new Map<string, Call>();
  #running: Running;
  #facts: readonly AdapterFacts[] | undefined;
  #isReady = false;
  /** Past it a thread that is not ready is given up. */
  #loadDeadlineMs = Infinity;
  /** When the thread was asked whether it is there; undefined where nothing is open. */
  #pingedMs: number | undefined;
  /** A kill is on its way. */
  #isEnding = false;
  #deaths = 0;

  constructor(parts: AdapterHostParts) {
    this.#parts = parts;
    this.#running = this.#start();
  }

  get setups(): readonly AdapterSetup[] {
    return this.#parts.setups;
  }

  /** Deaths of the thread since the world was opened. */
  get deaths(): number {
    return this.#deaths;
  }

  /** True once every adapter is made. @throws {WE_ADAPTER_THREAD} {WE_ADAPTER_SLOW} and what making them throws */
  get isLoaded(): boolean {
    this.#drain([]);
    this.#checkLoading();
    if (!this.#isReady && this.#isDead) {
      throw adapterError("WE_ADAPTER_THREAD", { names: this.#names, cause: this.#running.thread.cause });
    }
    return this.#isReady;
  }

  /** Facts of an adapter, by the index of its setup. */
  factsOf(adapter: number): AdapterFacts {
    const facts = this.#facts?.[adapter];
    assert(facts !== undefined, "adapters are asked once they are made");
    return facts;
  }

  /** A call of the adapter may be repeated without harm. */
  isRepeatable(adapter: number): boolean {
    const setup = this.setups[adapter];
    if (setup?.kind !== "tool" && setup?.kind !== "program") return true;
    return setup.idempotent ?? this.factsOf(adapter).idempotent ?? false;
  }

  /** True where this process has begun the call. */
  knows(id: string): boolean {
    return this.#calls.has(id);
  }

  /** The answer of a call that was answered and not forgotten. */
  answerOf(id: string): AdapterAnswer | undefined {
    return this.#calls.get(id)?.answer;
  }

  ask(adapter: number, request: AdapterRequest): void {
    assert(!this.#calls.has(request.id), "a call is begun once");
    const call: Call = { adapter, request, deadlineMs: undefined, answer: undefined, deaths: 0 };
    this.#calls.set(request.id, call);
    this.#send(call);
  }

  forget(id: string): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (call !== undefined && call.answer === undefined) this.#post({ kind: "forget", id });
  }

  /** The program that opened the world has answered. Its answer takes the way of all others, through the thread. */
  hearProgram(id: string, answer: AdapterAnswer): void {
    if (this.#calls.has(id)) this.#post({ kind: "program-answer", id, answer });
  }

  /** @throws the error that the thread cannot go on with */
  poll(): readonly AdapterEvent[] {
    const events: AdapterEvent[] = [];
    // Before the port: a thread that died said everything before.
    const isDead = this.#isDead;
    this.#drain(events);
    this.#checkLoading();
    this.#endBlocked(events);
    if (isDead) this.#bury(events);
    return events;
  }

  /** Returns when the thread has let go, or after a moment. */
  close(): void {
    const { state, thread, port } = this.#running;
    this.#post({ kind: "close" });
    Atomics.wait(state, 0, AdapterState.RUNNING, adapterCloseMs);
    thread.kill();
    port.close();
  }

  get #isDead(): boolean {
    return Atomics.load(this.#running.state, 0) === AdapterState.DEAD;
  }

  get #names(): string {
    return this.setups.map(({ name }) => name).join(", ");
  }

  /** What never gets ready would be waited for without end, and could not tell so itself. */
  #checkLoading(): void {
    if (this.#isReady || performance.now() < this.#loadDeadlineMs) return;
    const { loadMsMax = adapterLoadMsMax } = this.#parts;
    throw adapterError("WE_ADAPTER_SLOW", { names: this.#names, seconds: loadMsMax / 1000 });
  }

  #start(): Running {
    const { setups, options, host, bell, loadMsMax = adapterLoadMsMax } = this.#parts;
    const { port1: port, port2 } = new MessageChannel();
    const buffer = new SharedArrayBuffer(4);
    const bells = [
      { buffer, word: 0, step: 0 },
      ...(bell === undefined ? [] : [{ buffer: bell, word: 0, step: 1 }]),
    ];
    const end: SharedSignal = { buffer, word: 0, value: AdapterState.DEAD, bells };
    const rings = bell === undefined ? {} : { bell };
    const data: AdapterThreadData = { port: port2, state: buffer, setups, options, ...rings };
    // A recorded run is executed again in there, and its agents may call as deep as they could then.
    const isExecuting = setups.some(({ kind }) => kind === "recorded");
    this.#loadDeadlineMs = isExecuting ? Infinity : performance.now() + loadMsMax;
    const stack = isExecuting ? { resourceLimits: { stackSizeMb: executorStackMb } } : {};
    return { port, state: new Int32Array(buffer), thread: host.start({ program, data, end, ...stack }) };
  }

  #post(order: AdapterOrder): void {
    this.#running.port.postMessage(order);
  }

  #send(call: Call): void {
    call.deadlineMs = this.#isReady ? this.#deadlineOf(call) : undefined;
    this.#post({ kind: "ask", adapter: call.adapter, request: call.request });
  }

  #deadlineOf({ adapter }: Call): number {
    const setup = this.setups[adapter];
    if (setup === undefined || limitsItself(setup)) return Infinity;
    return performance.now() + setup.timeoutMs + threadLagMs;
  }

  #drain(events: AdapterEvent[]): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#running.port) as { message: AdapterNews } | undefined; // its thread's
      if (received === undefined) return;
      this.#hear(received.message, events);
    }
  }

  #hear(news: AdapterNews, events: AdapterEvent[]): void {
    switch (news.kind) {
      case "ready":
        this.#isReady = true;
        this.#facts = news.facts;
        for (const call of this.#calls.values()) call.deadlineMs = this.#deadlineOf(call);
        return;
      case "failed":
        throw EngineError.fromRecord(news.error);
      case "pong":
        return this.#rest();
      case "line":
        return this.#parts.program.line(news.line);
      case "program-call":
        return this.#parts.program.call(news.request);
      case "program-abort":
        return this.#parts.program.abort(news.id);
      case "part":
        if (this.#calls.has(news.id)) events.push(news);
        return;
      case "answer":
        return this.#settle(news.id, news.answer, events);
      default:
        return unreachable(news);
    }
  }

  /** The first answer counts. */
  #settle(id: string, answer: AdapterAnswer, events: AdapterEvent[]): void {
    const call = this.#calls.get(id);
    if (call === undefined || call.answer !== undefined) return;
    call.answer = answer;
    events.push({ kind: "answer", id, answer });
  }

  /**
   * Limits of calls are kept in the thread. Where one has passed without an answer, the thread is asked whether it is
   * there; one that says nothing is blocked by a call, and is ended.
   */
  #endBlocked(events: AdapterEvent[]): void {
    const now = performance.now();
    const overdue = [...this.#calls].filter(
      ([, { answer, deadlineMs = Infinity }]) => answer === undefined && deadlineMs < now,
    );
    if (overdue.length === 0 || this.#isEnding) return;
    if (this.#pingedMs === undefined) {
      this.#pingedMs = now;
      this.#post({ kind: "ping" });
      return;
    }
    if (this.#pingedMs + threadGraceMs > now) return;
    for (const [id, { adapter }] of overdue) {
      this.#settle(id, timeoutAnswer(this.setups[adapter]?.timeoutMs ?? 0), events);
    }
    this.#isEnding = true;
    this.#running.thread.kill();
  }

  /** The thread is there: whoever is overdue has its time kept by its adapter. */
  #rest(): void {
    this.#pingedMs = undefined;
    const now = performance.now();
    for (const call of this.#calls.values()) {
      if ((call.deadlineMs ?? Infinity) < now) call.deadlineMs = this.#deadlineOf(call);
    }
  }

  /** The thread is gone: another is started, and every call that was under way is repeated or given up. */
  #bury(events: AdapterEvent[]): void {
    this.#deaths += 1;
    events.push({ kind: "died", cause: this.#running.thread.cause, deaths: this.#deaths });
    this.#running.port.close();
    this.#isReady = false;
    this.#isEnding = false;
    this.#pingedMs = undefined;
    this.#running = this.#start();
    for (const [id, call] of this.#calls) {
      if (call.answer !== undefined) continue;
      call.deaths += 1;
      // The program answers no call twice: one that is made again before it has answered is the same to it.
      if (this.isRepeatable(call.adapter) && call.deaths < adapterDeathsMax) {
        this.#send(call);
        continue;
      }
      if (this.setups[call.adapter]?.kind === "program") this.#parts.program.abort(id);
      const isKnown = this.isRepeatable(call.adapter);
      const answer = isKnown ? failure("FAILED", diedText, true) : failure("OUTCOME_UNKNOWN", unknownText);
      this.#settle(id, answer, events);
    }
  }
}

/** The wire between a client and its world, whatever carries it: calls with answers, and events. */

import { EngineError } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import type { AdapterAnswer, AdapterRequest } from "../adapters/contract.js";
import { earlyLinesMax } from "../adapters/limits.js";
import type { ToolLine } from "../adapters/tool-lines.js";
import type {
  ControlCall,
  ControlRequest,
  ObservedTick,
  Progress,
  RunResult,
  WorldEvent,
  WorldMessage,
} from "../world/control.js";
import { forEachAcknowledgement } from "../world/acknowledged.js";
import { fail } from "../world/errors.js";
import { CallGroup } from "./call-group.js";
import type { GroupAnswer } from "./call-group.js";

/** What a transport must do for a {@link WorldLink}. */
export interface Transport {
  post(call: ControlCall): void;
  /** Resolves when nothing of the world is left: its process has ended, its files are closed. */
  closed(): Promise<void>;
  /** Ends the world at once, as a power cut would. */
  kill(): void;
  readonly pid: number;
}

export interface LinkListener {
  progress(progress: Progress): void;
  observed(observed: ObservedTick): void;
  /** What executes the agents was lost after the commit of `tick`, and made good. */
  recovered(tick: number, error: EngineError): void;
  message(subscription: number, message: WorldMessage): void;
  toolCall(request: AdapterRequest): void;
  toolAbort(call: string): void;
  toolLine(line: ToolLine): void;
  ended(error: EngineError | undefined): void;
}

interface Waiting {
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EngineError) => void;
}

/** Opened world as the transport announces it. */
export interface OpenedWorld {
  readonly runId: string;
  readonly dir: string;
  readonly tick: number;
  readonly genesis: Genesis;
  /** Address of its control socket. */
  readonly control?: string;
}

export class WorldLink {
  #transport: Transport | undefined;
  readonly #waiting = new Map<number, Waiting>();
  /** In the order of their calls. */
  readonly #groups = new Set<CallGroup>();
  readonly #listeners = new Set<Partial<LinkListener>>();
  readonly #opened: Promise<OpenedWorld>;
  #resolveOpened: (world: OpenedWorld) => void = () => undefined;
  #rejectOpened: (error: EngineError) => void = () => undefined;
  readonly #earlyLines: ToolLine[] = [];
  #nextId = 1;
  #end: { readonly error: EngineError | undefined; readonly result: RunResult | undefined } | undefined;

  constructor() {
    this.#opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    // Whoever opens awaits it; a world that dies before that must not be an unhandled rejection.
    this.#opened.catch(() => undefined);
  }

  /** Binds the transport once. Events may arrive from now on through {@link receive}. */
  attach(transport: Transport): void {
    this.#transport = transport;
  }

  get opened(): Promise<OpenedWorld> {
    return this.#opened;
  }

  /** Set once the world has ended. */
  get end(): { readonly error: EngineError | undefined; readonly result: RunResult | undefined } | undefined {
    return this.#end;
  }

  get pid(): number {
    return this.#transport?.pid ?? process.pid;
  }

  listen(listener: Partial<LinkListener>): () => void {
    this.#listeners.add(listener);
    if (listener.toolLine !== undefined)
      for (const line of this.#earlyLines.splice(0)) listener.toolLine(line);
    return () => this.#listeners.delete(listener);
  }

  /** One call. Rejects with a coded error; `signal` stops the waiting, not work already begun. */
  call(request: ControlRequest, signal?: AbortSignal): Promise<unknown> {
    const { method } = request;
    if (this.#end !== undefined) {
      return Promise.reject(this.#end.error ?? fail("WE_WORLD_ENDED", { method }));
    }
    if (signal?.aborted === true) return Promise.reject(fail("WE_WORLD_ABORTED", { method }));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(id);
        if (this.#end === undefined) this.#post({ method: "cancel", request: id });
        reject(fail("WE_WORLD_ABORTED", { method }));
      };
      const done = (): void => signal?.removeEventListener("abort", abort);
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.set(id, {
        method,
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error)),
      });
      this.#transport?.post({ id, request });
    });
  }

  /** Many calls in their order, of which each has an answer or a refusal. Rejects where none can come any more. */
  callMany(requests: readonly ControlRequest[], signal?: AbortSignal): Promise<readonly GroupAnswer[]> {
    const [first] = requests;
    if (first === undefined) return Promise.resolve([]);
    const { method } = first;
    if (this.#end !== undefined) return Promise.reject(this.#end.error ?? fail("WE_WORLD_ENDED", { method }));
    if (signal?.aborted === true) return Promise.reject(fail("WE_WORLD_ABORTED", { method }));
    const group = new CallGroup(this.#nextId, requests.length);
    this.#groups.add(group);
    for (const request of requests) this.#post(request);
    const abort = (): void => {
      this.#groups.delete(group);
      group.fail(fail("WE_WORLD_ABORTED", { method }));
    };
    signal?.addEventListener("abort", abort, { once: true });
    return group.answers.finally(() => signal?.removeEventListener("abort", abort));
  }

  /** What a tool of this program gave. */
  answerTool(call: string, answer: AdapterAnswer): void {
    if (this.#end === undefined) this.#post({ method: "tool-answer", call, answer });
  }

  /** Called by the transport for everything the world says. */
  receive(event: WorldEvent): void {
    switch (event.kind) {
      case "opened":
        return this.#resolveOpened(event);
      case "answer":
        return this.#resolve(event.id, event.value);
      case "acknowledged":
        return forEachAcknowledgement(event, (id, value) => this.#resolve(id, value));
      case "refusal":
        return this.#refuse(event.id, EngineError.fromRecord(event.error));
      case "progress":
        for (const listener of this.#listeners) listener.progress?.(event.progress);
        return;
      case "recovered":
        for (const listener of this.#listeners)
          listener.recovered?.(event.tick, EngineError.fromRecord(event.error));
        return;
      case "observed":
        for (const listener of this.#listeners) listener.observed?.(event.observed);
        return;
      case "message":
        for (const listener of this.#listeners) listener.message?.(event.subscription, event.message);
        return;
      case "tool-call":
        for (const listener of this.#listeners) listener.toolCall?.(event.request);
        return;
      case "tool-abort":
        for (const listener of this.#listeners) listener.toolAbort?.(event.call);
        return;
      case "tool-line":
        return this.#tellLine(event.line);
      case "replayed":
      case "future":
      case "overrun":
      case "reads-stdin":
        return;
      case "ended":
        return this.#finish(undefined, event.result);
      case "failed":
        return this.#finish(EngineError.fromRecord(event.error), undefined);
    }
  }

  /** Called by the transport when the world is gone, with the error that explains it unless it had said farewell. */
  lost(error: EngineError): void {
    this.#finish(error, undefined);
  }

  /** Ends the world as a power cut would. */
  kill(): void {
    this.#transport?.kill();
  }

  closed(): Promise<void> {
    return this.#transport?.closed() ?? Promise.resolve();
  }

  /** Tools write while the world opens, and nobody listens before it is open. */
  #tellLine(line: ToolLine): void {
    const listeners = [...this.#listeners].filter(({ toolLine }) => toolLine !== undefined);
    for (const listener of listeners) listener.toolLine?.(line);
    if (listeners.length === 0 && this.#earlyLines.length < earlyLinesMax) this.#earlyLines.push(line);
  }

  #post(request: ControlRequest): void {
    this.#transport?.post({ id: this.#nextId, request });
    this.#nextId += 1;
  }

  #resolve(id: number, value: unknown): void {
    if (!this.#takesGroup(id, { value })) this.#take(id)?.resolve(value);
  }

  #refuse(id: number, error: EngineError): void {
    if (!this.#takesGroup(id, { error })) this.#take(id)?.reject(error);
  }

  /** False where the call is of no group. */
  #takesGroup(id: number, answer: GroupAnswer): boolean {
    for (const group of this.#groups) {
      if (!group.holds(id)) continue;
      if (group.take(id, answer)) this.#groups.delete(group);
      return true;
    }
    return false;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #finish(error: EngineError | undefined, result: RunResult | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error, result };
    this.#rejectOpened(error ?? fail("WE_WORLD_ENDED", { method: "open" }));
    for (const { method, reject } of this.#waiting.values()) {
      reject(error ?? fail("WE_WORLD_ENDED", { method }));
    }
    this.#waiting.clear();
    for (const group of this.#groups) group.fail(error ?? fail("WE_WORLD_ENDED", { method: "input" }));
    this.#groups.clear();
    for (const listener of this.#listeners) listener.ended?.(error);
  }
}

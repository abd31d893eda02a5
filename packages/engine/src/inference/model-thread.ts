/**
 * The orchestrator's side of one inference thread: hands it batches, reads its answers, and starts it again where it
 * died, asking once more what was under way. Never waits, except at the end for the batch that runs.
 */

import { EngineError, assert, decodeUtf8 } from "@wasm-engine/abi";
import type { Encoding, ErrorRecord } from "@wasm-engine/abi";
import type { ExternalRequest, ModelFacts, ModelSpec, ProviderChange } from "@wasm-engine/core";
import type { AnswerEvent, RequestAnswer } from "./answerer.js";
import type { InferenceThreadData, KeptTextsOptions, ServiceOptions } from "./contract.js";
import { fail } from "./errors.js";
import {
  AnswerFrame,
  InferenceChannel,
  RequestFrame,
  ThreadState,
  readWords,
  writeWords,
} from "./inference-channel.js";
import {
  channelRingBytes,
  channelWaitStepMs,
  closeDeadlineMs,
  deathsPerBatchMax,
  hostSpinLoadsMax,
} from "./limits.js";
import { AdaptiveSpin } from "../threads/adaptive-spin.js";
import type { RingFrame } from "../threads/byte-ring.js";
import type { StartedThread, ThreadHost } from "../threads/thread-host.js";
import { coreCount } from "../threads/worker-count.js";

const program = new URL("./inference-thread.js", import.meta.url).href;

export interface ModelThreadParts {
  readonly models: readonly ModelSpec[];
  readonly service: string;
  readonly options: ServiceOptions;
  readonly keptTexts: KeptTextsOptions;
  /** The loop keeps up with a clock: the thread gives way to it. */
  readonly yields: boolean;
  readonly host: ThreadHost;
  readonly bell?: SharedArrayBuffer;
}

/** Requests that were handed over together; `undefined` once answered. */
interface Batch {
  readonly id: number;
  readonly model: number;
  readonly requests: (ExternalRequest | undefined)[];
  /** What texts are drawn with; empty where the model writes none. */
  readonly seeds: readonly number[];
  open: number;
}

interface AnswerPlace {
  /** Of the batch. */
  readonly id: number;
  readonly index: number;
  /** The model was not asked. */
  readonly isKept: boolean;
}

interface PendingFrame {
  readonly operation: number;
  readonly words: readonly number[];
  readonly payload: Uint8Array;
}

/** Stable: it becomes part of a logged answer. */
const diedText = "the inference thread ended while it worked on this request";
const noBytes = new Uint8Array();

export class ModelThread {
  readonly #parts: ModelThreadParts;
  readonly #facts: (ModelFacts | undefined)[];
  readonly #batches = new Map<number, Batch>();
  /** What the ring has no room for, in order. */
  #waiting: PendingFrame[] = [];
  readonly #spin = new AdaptiveSpin(coreCount() > 1, hostSpinLoadsMax);
  #channel: InferenceChannel;
  #started: StartedThread;
  /** Bell of the host at the last look. */
  #heard = 0;
  #nextBatch = 0;
  /** Deaths since the last answer. */
  #deathsInRow = 0;
  #deaths = 0;
  #readBytes = 0;

  constructor(parts: ModelThreadParts) {
    this.#parts = parts;
    this.#facts = parts.models.map(() => undefined);
    this.#channel = InferenceChannel.allocate(parts.bell);
    this.#started = this.#start();
  }

  /** Requests that wait for their answers. */
  get openRequests(): number {
    let open = 0;
    for (const batch of this.#batches.values()) open += batch.open;
    return open;
  }

  /** Deaths of the thread since the world was opened. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Facts of the models, in the order of the specifications; undefined until they are loaded. */
  get facts(): readonly (ModelFacts | undefined)[] {
    return this.#facts;
  }

  /** True once every model is loaded. @throws {WE_INFERENCE_THREAD} and what loading throws */
  get isLoaded(): boolean {
    const { state } = this.#channel;
    for (
      let frame = this.#channel.answers.peek();
      frame !== undefined;
      frame = this.#channel.answers.peek()
    ) {
      this.#read(frame, []);
      this.#channel.answers.release(frame);
    }
    if (state === ThreadState.DEAD) {
      const models = this.#parts.models.map(({ name }) => name).join(", ");
      throw fail("WE_INFERENCE_THREAD", { models, cause: this.#started.cause });
    }
    return state === ThreadState.READY;
  }

  ask(model: number, requests: readonly ExternalRequest[], seeds: readonly number[]): void {
    const open = requests.length;
    const batch: Batch = { id: this.#nextBatch, model, requests: [...requests], seeds, open };
    this.#nextBatch = (this.#nextBatch + 1) >>> 0;
    this.#batches.set(batch.id, batch);
    this.#send(batch);
  }

  /** Ends a text that nobody waits for; other answers come and are dropped. */
  forget(request: ExternalRequest): void {
    for (const batch of this.#batches.values()) {
      if (this.#facts[batch.model]?.text === undefined) continue;
      const index = batch.requests.indexOf(request);
      if (index === -1) continue;
      this.#close(batch, index);
      this.#waiting.push({ operation: RequestFrame.CANCEL, words: [batch.id, index], payload: noBytes });
      return this.#handOver();
    }
  }

  /** @throws the error that the thread cannot go on with */
  poll(): readonly AnswerEvent[] {
    const events: AnswerEvent[] = [];
    this.#heard = this.#channel.bells.host;
    // Before the answers: a thread that died wrote them before.
    const { state } = this.#channel;
    for (
      let frame = this.#channel.answers.peek();
      frame !== undefined;
      frame = this.#channel.answers.peek()
    ) {
      this.#read(frame, events);
      this.#readBytes += frame.payload.length;
      this.#channel.answers.release(frame);
    }
    this.#handOver();
    if (this.#readBytes > channelRingBytes / 4) {
      this.#readBytes = 0;
      this.#channel.ringThread();
    }
    if (state === ThreadState.DEAD) this.#bury(events);
    return events;
  }

  /** Watches for news since the last {@link poll} for a moment; false where it is time to sleep. */
  looksAgain(): boolean {
    return this.#batches.size > 0 && this.#channel.hearsThread(this.#spin, this.#heard);
  }

  /** Asks the thread to finish what runs and to end. Idempotent. */
  leave(): void {
    this.#channel.close();
  }

  /** Returns when the thread has ended, or after a deadline: it is never cut off. */
  close(): void {
    const channel = this.#channel;
    this.leave();
    const deadlineMs = performance.now() + closeDeadlineMs;
    for (;;) {
      const heard = channel.bells.host;
      const isOver = channel.state === ThreadState.CLOSED || channel.state === ThreadState.DEAD;
      if (isOver || performance.now() > deadlineMs) return;
      channel.awaitThread(heard, channelWaitStepMs);
    }
  }

  #start(): StartedThread {
    const { bell, service, models, options, keptTexts, yields, host } = this.#parts;
    const { buffer, endSignal: end, leaveSignal: leave } = this.#channel;
    const outer = bell === undefined ? {} : { bell };
    const data: InferenceThreadData = {
      buffer,
      service,
      models,
      options,
      keptTexts,
      yields,
      ...outer,
    };
    return host.start({ program, data, end, leave });
  }

  /** The thread is gone: once it is asked again, then what it was asked fails. */
  #bury(events: AnswerEvent[]): void {
    this.#deaths += 1;
    this.#deathsInRow += 1;
    events.push({ kind: "died", cause: this.#started.cause, deaths: this.#deaths });
    this.#waiting = [];
    this.#channel = InferenceChannel.allocate(this.#parts.bell);
    this.#started = this.#start();
    if (this.#deathsInRow < deathsPerBatchMax) {
      for (const batch of this.#batches.values()) this.#send(batch);
      return;
    }
    this.#deathsInRow = 0;
    for (const { requests } of this.#batches.values()) {
      for (const request of requests) {
        if (request === undefined) continue;
        events.push({ kind: "answer", request, answer: { ok: false, message: diedText, retryable: true } });
      }
    }
    this.#batches.clear();
  }

  /** Numbers of requests are kept: answers of a former thread never mix with those of this one. */
  #send({ id, model, requests, seeds }: Batch): void {
    this.#waiting.push({
      operation: RequestFrame.BATCH,
      words: [id, model, requests.length],
      payload: noBytes,
    });
    for (const [index, request] of requests.entries()) {
      const words = [request?.encoding ?? 0, seeds[index] ?? 0];
      this.#waiting.push({ operation: RequestFrame.REQUEST, words, payload: request?.payload ?? noBytes });
    }
    this.#handOver();
  }

  #handOver(): void {
    if (this.#waiting.length === 0) return;
    const { requests } = this.#channel;
    let count = 0;
    for (const { operation, words, payload } of this.#waiting) {
      const target = requests.reserve(operation, words.length * 4 + payload.length);
      if (target === undefined) break;
      writeWords(target, ...words);
      target.set(payload, words.length * 4);
      requests.publish();
      count += 1;
    }
    if (count === 0) return;
    this.#waiting.splice(0, count);
    this.#channel.ringThread();
  }

  #read({ operation, payload }: RingFrame, events: AnswerEvent[]): void {
    const [first, second, third, fourth] = readWords(payload);
    switch (operation) {
      case AnswerFrame.FACTS:
        return this.#learn(first, jsonAt(payload, 8) as ModelFacts, events); // written by inference-thread.ts
      case AnswerFrame.CHANGED: {
        const { change, facts } = jsonAt(payload, 8) as { change: ProviderChange; facts: ModelFacts }; // as above
        this.#facts[first] = facts;
        events.push({ kind: "changed", change });
        return;
      }
      case AnswerFrame.ANSWER: {
        const body = payload.slice(16);
        const answer: RequestAnswer =
          third !== 0
            ? { ok: true, encoding: fourth as Encoding, payload: body } // as above
            : { ok: false, ...(jsonAt(body, 0) as { message: string; code?: string }) }; // as above
        return this.#settle({ id: first, index: second, isKept: third === 2 }, answer, events);
      }
      case AnswerFrame.PROMPT: {
        const request = this.#batches.get(first)?.requests[second];
        if (request !== undefined) events.push({ kind: "prompt", request, tokens: third });
        return;
      }
      case AnswerFrame.PART: {
        const request = this.#batches.get(first)?.requests[second];
        const text = decodeUtf8(payload.slice(16)) ?? "";
        const part = { kind: "text", index: third, text, isLast: fourth === 1 } as const;
        if (request !== undefined) events.push({ ...part, request });
        return;
      }
      case AnswerFrame.FAILED:
        throw EngineError.fromRecord(jsonAt(payload, 0) as ErrorRecord); // as above
      default:
        assert(false, "the thread writes known frames");
    }
  }

  /** A model that comes back on another provider after a death is a change of provider as well. */
  #learn(model: number, facts: ModelFacts, events: AnswerEvent[]): void {
    const known = this.#facts[model];
    const { name, provider } = facts;
    this.#facts[model] = facts;
    if (known === undefined || known.provider === provider) return;
    const change = {
      model: name,
      from: known.provider,
      to: provider,
      reason: "the thread was started again",
    };
    events.push({ kind: "changed", change });
  }

  #settle({ id, index, isKept }: AnswerPlace, answer: RequestAnswer, events: AnswerEvent[]): void {
    const batch = this.#batches.get(id);
    const request = batch?.requests[index];
    // What was answered before the thread died comes again with the rest of its batch.
    if (batch === undefined || request === undefined) return;
    this.#deathsInRow = 0;
    this.#close(batch, index);
    events.push({ kind: "answer", request, answer, ...(isKept ? { reused: true } : {}) });
  }

  #close(batch: Batch, index: number): void {
    batch.requests[index] = undefined;
    batch.open -= 1;
    if (batch.open === 0) this.#batches.delete(batch.id);
  }
}

function jsonAt(payload: Uint8Array, offset: number): unknown {
  return JSON.parse(decodeUtf8(payload.slice(offset)) ?? "null");
}

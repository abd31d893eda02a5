/**
 * Program of an inference thread: loads its models, then sleeps on the channel's bell, runs batch after batch and
 * writes the answers back. An error that it does not understand ends it, which its host tells (threads/thread-host.ts).
 */

import { setPriority } from "node:os";
import { workerData } from "node:worker_threads";
import { EngineError, assert, encodeUtf8, limits } from "@wasm-engine/abi";
import type { Encoding } from "@wasm-engine/abi";
import type {
  InferenceService,
  ModelFacts,
  TensorRequest,
  TensorResponse,
  TextWriting,
} from "@wasm-engine/core";
import { AnswerStore } from "../adapters/answer-store.js";
import type { InferenceThreadData } from "./contract.js";
import {
  AnswerFrame,
  InferenceChannel,
  RequestFrame,
  ThreadState,
  readWords,
  writeWords,
} from "./inference-channel.js";
import { KeptTexts } from "./kept-texts.js";
import type { KeptTextEvents } from "./kept-texts.js";
import { channelWaitStepMs, threadSpinLoadsMax, yieldingPriority } from "./limits.js";
import { createService } from "./service-module.js";
import { AdaptiveSpin } from "../threads/adaptive-spin.js";
import { coreCount } from "../threads/worker-count.js";

interface Batch {
  readonly id: number;
  readonly model: number;
  readonly requests: readonly TensorRequest[];
}

class InferenceLoop {
  readonly #channel: InferenceChannel;
  readonly #service: InferenceService;
  readonly #data: InferenceThreadData;
  /** Being woken costs more than a small model takes: a thread that is kept busy stays awake. */
  readonly #spin = new AdaptiveSpin(coreCount() > 1, threadSpinLoadsMax);
  /** Texts under way, by batch and index. */
  readonly #writing = new Map<string, TextWriting>();
  /** Models that write texts, by their index. */
  readonly #writers = new Map<number, ModelFacts>();
  readonly #kept: KeptTexts;

  constructor(channel: InferenceChannel, service: InferenceService, data: InferenceThreadData) {
    this.#channel = channel;
    this.#service = service;
    this.#data = data;
    const { directory, asksAnew } = data.keptTexts;
    this.#kept = new KeptTexts(new AnswerStore(directory), asksAnew);
  }

  async load(): Promise<void> {
    for (const [index, spec] of this.#data.models.entries()) {
      const facts = await this.#service.load(spec);
      if (facts.text !== undefined) this.#writers.set(index, facts);
      this.#tellFacts(index, facts);
    }
  }

  /** Until the channel closes. */
  async serve(): Promise<void> {
    while (!this.#channel.isClosing) {
      const heard = this.#channel.bells.thread;
      this.#takeCancellations();
      const batch = this.#takeBatch(heard);
      if (batch !== undefined) await this.#run(batch);
      // Texts go on between two looks at the channel.
      else if (this.#writing.size > 0) await new Promise((resolve) => setImmediate(resolve));
      else if (!this.#channel.hearsHost(this.#spin, heard)) this.#channel.awaitHost(heard, channelWaitStepMs);
    }
  }

  async #run({ id, model, requests }: Batch): Promise<void> {
    const name = this.#data.models[model]?.name;
    assert(name !== undefined, "a batch asks one of the thread's models");
    const writer = this.#writers.get(model);
    if (writer !== undefined) {
      requests.forEach((request, index) => {
        this.#write(writer, request, { id, index });
      });
      return;
    }
    const { responses, changed, facts } = await this.#service.run(name, requests);
    assert(responses.length === requests.length, "every request of a batch is answered");
    if (changed !== undefined) {
      this.#tell(AnswerFrame.CHANGED, [model, 0], encodeUtf8(JSON.stringify({ change: changed, facts })));
    }
    responses.forEach((response, index) => this.#answer({ id, index, isKept: false }, response));
    this.#channel.ringHost();
  }

  #write(
    { name, fingerprint, text }: ModelFacts,
    request: TensorRequest,
    { id, index }: { readonly id: number; readonly index: number },
  ): void {
    const key = `${id}:${index}`;
    let parts = 0;
    let isOver = false;
    const part = (text: string, isLast: boolean): void => {
      this.#tell(AnswerFrame.PART, [id, index, parts, isLast ? 1 : 0], encodeUtf8(text));
      parts += 1;
    };
    const events: KeptTextEvents = {
      prompt: (tokens) => {
        this.#tell(AnswerFrame.PROMPT, [id, index, tokens, 0], noBytes);
        this.#channel.ringHost();
      },
      part: (text) => {
        part(text, false);
        this.#channel.ringHost();
      },
      end: (response, text, isKept) => {
        isOver = true;
        this.#writing.delete(key);
        if (response.ok) part(text, true);
        this.#answer({ id, index, isKept }, response);
        this.#channel.ringHost();
      },
    };
    const writing = this.#kept.write(
      { request, fingerprint, tokensPerTick: text?.tokensPerTick ?? 0 },
      events,
      (asked, heard) => {
        assert(this.#service.write !== undefined, "a service with models of texts writes them");
        return this.#service.write(name, asked, heard);
      },
    );
    if (!isOver) this.#writing.set(key, writing);
  }

  #takeCancellations(): void {
    for (;;) {
      const frame = this.#channel.requests.peek();
      if (frame?.operation !== RequestFrame.CANCEL) return;
      const [id, index] = readWords(frame.payload);
      this.#channel.requests.release(frame);
      const key = `${id}:${index}`;
      this.#writing.get(key)?.cancel();
      this.#writing.delete(key);
    }
  }

  #answer({ id: batch, index, isKept }: AnswerPlace, response: TensorResponse): void {
    if (!response.ok) {
      const { message, code } = response;
      const reason = encodeUtf8(JSON.stringify({ message, code }));
      return this.#tell(AnswerFrame.ANSWER, [batch, index, 0, 0], reason);
    }
    const { encoding, payload } = response;
    if (payload.length <= limits.messageBytesMax - 1024) {
      return this.#tell(AnswerFrame.ANSWER, [batch, index, isKept ? 2 : 1, encoding], payload);
    }
    const message = `the answer has ${payload.length} bytes, which no message holds`;
    this.#tell(AnswerFrame.ANSWER, [batch, index, 0, 0], encodeUtf8(JSON.stringify({ message })));
  }

  #tellFacts(model: number, facts: ModelFacts): void {
    this.#tell(AnswerFrame.FACTS, [model, 0], encodeUtf8(JSON.stringify(facts)));
  }

  #tell(operation: number, words: readonly number[], bytes: Uint8Array): void {
    writeAnswer(this.#channel, { operation, words, bytes });
  }

  /** The next whole batch: its frames follow one another, the last ones may still be on their way. */
  #takeBatch(heard: number): Batch | undefined {
    const frame = this.#channel.requests.peek();
    // A cancellation may have come since they were looked for.
    if (frame === undefined || frame.operation === RequestFrame.CANCEL) return undefined;
    assert(frame.operation === RequestFrame.BATCH, "a batch begins with its header");
    const [id, model, count] = readWords(frame.payload);
    this.#channel.requests.release(frame);
    const requests: TensorRequest[] = [];
    let bell = heard;
    while (requests.length < count) {
      const request = this.#takeRequest();
      if (request !== undefined) requests.push(request);
      else if (this.#channel.isClosing) return undefined;
      else {
        this.#channel.ringHost();
        this.#channel.awaitHost(bell, channelWaitStepMs);
        bell = this.#channel.bells.thread;
      }
    }
    return { id, model, requests };
  }

  /** Copied out of the shared ring: runtimes take no shared memory. */
  #takeRequest(): TensorRequest | undefined {
    const frame = this.#channel.requests.peek();
    if (frame === undefined) return undefined;
    assert(frame.operation === RequestFrame.REQUEST, "requests follow the header of their batch");
    const [encoding, seed] = readWords(frame.payload);
    const payload = frame.payload.slice(8);
    this.#channel.requests.release(frame);
    return { encoding: encoding as Encoding, payload, seed }; // written by the host from a message
  }
}

const noBytes = new Uint8Array();

interface AnswerPlace {
  /** Of the batch. */
  readonly id: number;
  readonly index: number;
  readonly isKept: boolean;
}

interface AnswerParts {
  readonly operation: number;
  readonly words: readonly number[];
  readonly bytes: Uint8Array;
}

/** Waits for room unless nobody reads any more. */
function writeAnswer(channel: InferenceChannel, { operation, words, bytes }: AnswerParts): void {
  for (;;) {
    const heard = channel.bells.thread;
    const target = channel.answers.reserve(operation, words.length * 4 + bytes.length);
    if (target !== undefined) {
      writeWords(target, ...words);
      target.set(bytes, words.length * 4);
      return channel.answers.publish();
    }
    if (channel.isClosing) return;
    channel.ringHost();
    channel.awaitHost(heard, channelWaitStepMs);
  }
}

/** Only there the priority of process 0 is that of the calling thread; elsewhere it is that of the whole process. */
function giveWay(): void {
  if (process.platform === "linux") setPriority(0, yieldingPriority);
}

async function runThread(data: InferenceThreadData): Promise<void> {
  if (data.yields) giveWay();
  const channel = new InferenceChannel(data.buffer, data.bell);
  try {
    const service = await createService(data.service, data.options);
    const loop = new InferenceLoop(channel, service, data);
    await loop.load();
    channel.setState(ThreadState.READY);
    await loop.serve();
    await service.close();
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    const record = encodeUtf8(JSON.stringify(error.toRecord()));
    writeAnswer(channel, { operation: AnswerFrame.FAILED, words: [], bytes: record });
  }
  channel.setState(ThreadState.CLOSED);
}

await runThread(workerData as InferenceThreadData); // set by model-thread.ts

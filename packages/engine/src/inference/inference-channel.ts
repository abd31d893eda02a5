/**
 * Memory that the orchestrator thread (host) and one inference thread share: a ring of requests, a ring of answers,
 * and the words in which each side says how it is. Nothing else passes between them, so neither needs an event loop.
 *
 *   word  0 head, 1 tail of requests      2 bell of the thread: it sleeps on this word, the host counts it up
 *         3 head, 4 tail of answers       5 bell of the host, counted up by the thread and by whoever watches it
 *         6 state of the thread           7 1: finish the batch that runs, then end
 *   256   ring of requests (4 MiB), ring of answers (4 MiB)
 *
 *   requests  BATCH    u32 batch, u32 model, u32 requests; that many REQUEST frames follow
 *             REQUEST  u32 encoding, u32 seed, payload
 *             CANCEL   u32 batch, u32 index: nobody waits for this text any more
 *   answers   FACTS    u32 model, u32 0, JSON of the model's facts, once it is loaded
 *             CHANGED  u32 model, u32 0, JSON {change, facts}: another provider has taken over
 *             ANSWER   u32 batch, u32 index, u32 1 (2: kept by an earlier run), u32 encoding, payload;
 *                      u32 batch, u32 index, u32 0, u32 0, JSON that says why there is none
 *             PROMPT   u32 batch, u32 index, u32 tokens of the prompt of a text
 *             PART     u32 batch, u32 index, u32 part of the text, from 0, u32 1: the last one, what it shows
 *             FAILED   JSON of a coded error: the thread cannot go on
 *
 * One copy takes a payload into the ring, one out of it; what finds no room waits at its sender.
 */

import type { AdaptiveSpin } from "../threads/adaptive-spin.js";
import { ByteRing } from "../threads/byte-ring.js";
import { raise } from "../threads/shared-signal.js";
import type { Bell, SharedSignal } from "../threads/shared-signal.js";
import { channelRingBytes } from "./limits.js";

export const RequestFrame = { BATCH: 1, REQUEST: 2, CANCEL: 3 } as const;
export const AnswerFrame = { FACTS: 1, CHANGED: 2, ANSWER: 3, FAILED: 4, PROMPT: 5, PART: 6 } as const;

/** `CLOSED`: it will write no more. `DEAD`: nothing of it is left, which whoever watches it says. */
export const ThreadState = { STARTING: 0, READY: 1, CLOSED: 2, DEAD: 3 } as const;
export type ThreadState = (typeof ThreadState)[keyof typeof ThreadState];

const Word = {
  requestHead: 0,
  requestTail: 1,
  threadBell: 2,
  answerHead: 3,
  answerTail: 4,
  hostBell: 5,
  state: 6,
  closing: 7,
} as const;

const ringsOffset = 256;

export class InferenceChannel {
  readonly buffer: SharedArrayBuffer;
  readonly requests: ByteRing;
  readonly answers: ByteRing;
  readonly #words: Int32Array;
  /** The bell of the orchestrator's own loop; rung together with the host's. */
  readonly #outerBell: Int32Array<SharedArrayBuffer> | undefined;

  constructor(buffer: SharedArrayBuffer, outerBell?: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, ringsOffset / 4);
    this.#outerBell = outerBell === undefined ? undefined : new Int32Array(outerBell);
    const size = channelRingBytes;
    const { requestHead, requestTail, answerHead, answerTail } = Word;
    this.requests = new ByteRing(buffer, { head: requestHead, tail: requestTail, offset: ringsOffset, size });
    const offset = ringsOffset + size;
    this.answers = new ByteRing(buffer, { head: answerHead, tail: answerTail, offset, size });
  }

  static allocate(outerBell?: SharedArrayBuffer): InferenceChannel {
    return new InferenceChannel(new SharedArrayBuffer(ringsOffset + 2 * channelRingBytes), outerBell);
  }

  get state(): ThreadState {
    return Atomics.load(this.#words, Word.state) as ThreadState; // only setState and the end signal write it
  }

  /** Thread: tells the host. */
  setState(state: ThreadState): void {
    Atomics.store(this.#words, Word.state, state);
    this.ringHost();
  }

  /** Whoever watches the thread: nothing of it is left. */
  get endSignal(): SharedSignal {
    const bells: Bell[] = [{ buffer: this.buffer, word: Word.hostBell, step: 1 }];
    const outer = this.#outerBell?.buffer;
    if (outer !== undefined) bells.push({ buffer: outer, word: 0, step: 1 });
    return { buffer: this.buffer, word: Word.state, value: ThreadState.DEAD, bells };
  }

  /** Whoever asks the thread to finish what runs and to end. */
  get leaveSignal(): SharedSignal {
    const { buffer } = this;
    return { buffer, word: Word.closing, value: 1, bells: [{ buffer, word: Word.threadBell, step: 1 }] };
  }

  /** The thread shall finish what runs and end. */
  close(): void {
    raise(this.leaveSignal);
  }

  get isClosing(): boolean {
    return Atomics.load(this.#words, Word.closing) === 1;
  }

  /** Host: there is something to read, or room to write. */
  ringThread(): void {
    ring(this.#words, Word.threadBell);
  }

  /** Thread: there is something to read. */
  ringHost(): void {
    ring(this.#words, Word.hostBell);
    if (this.#outerBell !== undefined) ring(this.#outerBell, 0);
  }

  /** Argument of {@link awaitHost} and {@link awaitThread}: taken before looking for work. */
  get bells(): { readonly thread: number; readonly host: number } {
    return {
      thread: Atomics.load(this.#words, Word.threadBell),
      host: Atomics.load(this.#words, Word.hostBell),
    };
  }

  /** Thread: true where its bell was rung since `heard` while it was looked at; false: sleep. */
  hearsHost(spin: AdaptiveSpin, heard: number): boolean {
    return spin.leaves(this.#words, Word.threadBell, heard);
  }

  /** Host: the same with its own bell. */
  hearsThread(spin: AdaptiveSpin, heard: number): boolean {
    return spin.leaves(this.#words, Word.hostBell, heard);
  }

  /** Thread: sleeps until its bell has been rung since `heard`, or the time is over. */
  awaitHost(heard: number, timeoutMs: number): void {
    Atomics.wait(this.#words, Word.threadBell, heard, timeoutMs);
  }

  /** Host: the same with its own bell. */
  awaitThread(heard: number, timeoutMs: number): void {
    Atomics.wait(this.#words, Word.hostBell, heard, timeoutMs);
  }
}

function ring(words: Int32Array, index: number): void {
  Atomics.add(words, index, 1);
  Atomics.notify(words, index);
}

/** Four numbers at the beginning of a payload. */
export function readWords(payload: Uint8Array): readonly [number, number, number, number] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const at = (index: number): number =>
    payload.length >= index * 4 + 4 ? view.getUint32(index * 4, true) : 0;
  return [at(0), at(1), at(2), at(3)];
}

export function writeWords(payload: Uint8Array, ...values: readonly number[]): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  values.forEach((value, index) => view.setUint32(index * 4, value, true));
}

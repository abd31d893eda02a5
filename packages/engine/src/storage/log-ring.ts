/**
 * What the loop and the log-writer thread share: a ring of frames, and the words in which the writer reports how far
 * it is. Counters wrap at 2^32; both sides widen them.
 *
 *   words   0 head, 1 tail (bytes), 2 written, 3 synced (low 32 bits of the log position), 4 epoch, 5 state,
 *           6 bytes of the cause, 7 the writer sleeps
 *   32      cause of a failure, UTF-8
 *   256     ring of frames (threads/byte-ring.ts)
 *
 * A bell of the loop's, where it has one, lies outside: who waits for the log there waits for other things too.
 */

import { decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import { ByteRing } from "../threads/byte-ring.js";
import type { RingFrame } from "../threads/byte-ring.js";

/** RECORDS: whole records, written like WRITE once their CRCs are put in. */
export const RingOperation = { WRITE: 1, BEGIN: 2, CLOSE: 3, RECORDS: 4 } as const;
export type RingOperation = (typeof RingOperation)[keyof typeof RingOperation];

export const WriterState = { OPEN: 0, FULL: 1, FAILED: 2, CLOSED: 3 } as const;
export type WriterState = (typeof WriterState)[keyof typeof WriterState];

const Word = {
  head: 0,
  tail: 1,
  written: 2,
  synced: 3,
  epoch: 4,
  state: 5,
  causeBytes: 6,
  asleep: 7,
} as const;
const causeOffset = 32;
const ringOffset = 256;

export type LogFrame = RingFrame<RingOperation>;

export class LogRing {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #ring: ByteRing<RingOperation>;
  readonly #bell: Int32Array | undefined;

  /** `bell`: one int32 that the consumer advances and notifies with every report. */
  constructor(buffer: SharedArrayBuffer, bell?: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#bell = bell && new Int32Array(bell);
    this.#words = new Int32Array(buffer, 0, ringOffset / 4);
    const { head, tail } = Word;
    const size = buffer.byteLength - ringOffset;
    this.#ring = new ByteRing(buffer, { head, tail, offset: ringOffset, size });
  }

  static allocate(size: number): LogRing {
    return new LogRing(new SharedArrayBuffer(ringOffset + size));
  }

  /** Producer: false where there is no room now. */
  offer(operation: RingOperation, payload: Uint8Array): boolean {
    if (!this.#ring.offer(operation, payload)) return false;
    if (Atomics.load(this.#words, Word.asleep) === 1) Atomics.notify(this.#words, Word.head);
    return true;
  }

  /** Consumer: the oldest frame, still in the ring. */
  peek(): LogFrame | undefined {
    return this.#ring.peek();
  }

  /** Consumer: the frame's bytes may be overwritten from now on. */
  release(frame: LogFrame): void {
    this.#ring.release(frame);
  }

  /** Consumer: sleeps until there is a frame or the time is over. */
  sleep(timeoutMs: number): void {
    const head = Atomics.load(this.#words, Word.head);
    Atomics.store(this.#words, Word.asleep, 1);
    if (head === Atomics.load(this.#words, Word.tail)) Atomics.wait(this.#words, Word.head, head, timeoutMs);
    Atomics.store(this.#words, Word.asleep, 0);
  }

  /** Consumer: reports progress and wakes whoever waits for it. */
  report(written: number, synced: number, state: WriterState, cause = ""): void {
    Atomics.store(this.#words, Word.written, lowBits(written));
    Atomics.store(this.#words, Word.synced, lowBits(synced));
    this.#publish(state, cause);
  }

  /** The consumer is gone: whoever waits for it must learn so. */
  fail(cause: string): void {
    this.#publish(WriterState.FAILED, cause);
  }

  #publish(state: WriterState, cause: string): void {
    const text = encodeUtf8(cause).subarray(0, ringOffset - causeOffset);
    new Uint8Array(this.buffer, causeOffset, text.length).set(text);
    Atomics.store(this.#words, Word.causeBytes, text.length);
    Atomics.store(this.#words, Word.state, state);
    Atomics.add(this.#words, Word.epoch, 1);
    Atomics.notify(this.#words, Word.epoch);
    if (this.#bell === undefined) return;
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }

  /** Producer: number of reports so far; the argument of `await`. */
  get epoch(): number {
    return Atomics.load(this.#words, Word.epoch);
  }

  get state(): WriterState {
    return Atomics.load(this.#words, Word.state) as WriterState; // written by report
  }

  get cause(): string {
    const length = Atomics.load(this.#words, Word.causeBytes);
    return decodeUtf8(new Uint8Array(this.buffer, causeOffset, length).slice()) ?? "unknown";
  }

  /** Producer: the position that the writer has written or synced, not before `known`. */
  widened(counter: "written" | "synced", known: number): number {
    const low = Atomics.load(this.#words, Word[counter]);
    return known + ((low - lowBits(known)) >>> 0);
  }

  /** Producer: sleeps until there is a report after `epoch` or the time is over. */
  awaitReport(epoch: number, timeoutMs: number): void {
    Atomics.wait(this.#words, Word.epoch, epoch, timeoutMs);
  }
}

/** The low 32 bits of a position, also beyond 2^53 / 2^32 where bit operations alone would lose them. */
function lowBits(position: number): number {
  return (position % 0x1_0000_0000) | 0;
}

/**
 * A ring of frames in shared memory with one writer and one reader in different threads. A frame never wraps, so a
 * reader sees its bytes in one piece. Waking whoever sleeps is its owner's matter: a channel of models, the log.
 *
 *   frame: u32 payloadBytes, u32 operation, payload, padding to a multiple of 8; operation 0 pads to the ring's end
 */

import { assert } from "@wasm-engine/abi";

const frameHeaderBytes = 8;
const pad = 0;

/** Where a ring lies in its shared buffer. Counters wrap at 2^32. */
export interface RingPlace {
  /** Indices of the words that count bytes ever written and ever released. */
  readonly head: number;
  readonly tail: number;
  /** Bytes before the ring, and bytes of the ring, a power of two. */
  readonly offset: number;
  readonly size: number;
}

/** `payload` aliases the ring until {@link ByteRing.release}. */
export interface RingFrame<Operation extends number = number> {
  readonly operation: Operation;
  readonly payload: Uint8Array;
  readonly end: number;
}

/** Operations are numbers from 1. */
export class ByteRing<Operation extends number = number> {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: RingPlace;
  /** Value of the head once the reserved frame is published. */
  #reserved: number | undefined;

  constructor(buffer: SharedArrayBuffer, place: RingPlace) {
    assert((place.size & (place.size - 1)) === 0, "the ring wraps by masking");
    this.#place = place;
    this.#words = new Int32Array(buffer, 0, place.offset / 4);
    this.#bytes = new Uint8Array(buffer, place.offset, place.size);
    this.#view = new DataView(buffer, place.offset, place.size);
  }

  /** Writer: room for one frame, or undefined where there is none now. {@link publish} makes it visible. */
  reserve(operation: Operation, payloadBytes: number): Uint8Array | undefined {
    const start = this.#claim(operation, payloadBytes);
    return start === undefined ? undefined : this.#bytes.subarray(start, start + payloadBytes);
  }

  /** Writer: a frame, visible at once; false where there is no room now. Allocates nothing. */
  offer(operation: Operation, payload: Uint8Array): boolean {
    const start = this.#claim(operation, payload.length);
    if (start === undefined) return false;
    this.#bytes.set(payload, start);
    this.publish();
    return true;
  }

  /** Where the payload of the next frame begins. */
  #claim(operation: Operation, payloadBytes: number): number | undefined {
    const { size, head: headIndex, tail: tailIndex } = this.#place;
    const need = frameHeaderBytes + ((payloadBytes + 7) & ~7);
    assert(operation !== pad && need <= size / 2, "a frame fits an empty ring wherever it begins");
    const head = Atomics.load(this.#words, headIndex);
    const used = (head - Atomics.load(this.#words, tailIndex)) >>> 0;
    const at = head & (size - 1);
    const skipped = need > size - at ? size - at : 0;
    if (used + skipped + need > size) return undefined;
    if (skipped > 0) this.#writeHeader(at, pad, skipped - frameHeaderBytes);
    const start = skipped > 0 ? 0 : at;
    this.#writeHeader(start, operation, payloadBytes);
    this.#reserved = (head + skipped + need) | 0;
    return start + frameHeaderBytes;
  }

  /** Writer: the reserved frame may be read. */
  publish(): void {
    assert(this.#reserved !== undefined, "a frame is published after it was reserved");
    Atomics.store(this.#words, this.#place.head, this.#reserved);
    this.#reserved = undefined;
  }

  /** Reader: the oldest frame. */
  peek(): RingFrame<Operation> | undefined {
    const { head, tail: tailIndex, size } = this.#place;
    for (;;) {
      const tail = Atomics.load(this.#words, tailIndex);
      if (tail === Atomics.load(this.#words, head)) return undefined;
      const at = tail & (size - 1);
      const payloadBytes = this.#view.getUint32(at, true);
      const operation = this.#view.getUint32(at + 4, true);
      const start = at + frameHeaderBytes;
      const end = (tail + frameHeaderBytes + ((payloadBytes + 7) & ~7)) | 0;
      if (operation !== pad) {
        const payload = this.#bytes.subarray(start, start + payloadBytes);
        return { operation: operation as Operation, payload, end }; // written by the other end
      }
      Atomics.store(this.#words, tailIndex, end);
    }
  }

  /** Reader: the bytes of the frame may be overwritten from now on. */
  release(frame: RingFrame<Operation>): void {
    Atomics.store(this.#words, this.#place.tail, frame.end);
  }

  #writeHeader(at: number, operation: number, payloadBytes: number): void {
    this.#view.setUint32(at, payloadBytes, true);
    this.#view.setUint32(at + 4, operation, true);
  }
}

/**
 * One direction of a channel: a ring of frames with one writer and one reader in different threads. A frame never
 * wraps, so a reader sees its bytes in one piece. Waking whoever sleeps is the channel's matter.
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
export interface RingFrame {
  readonly operation: number;
  readonly payload: Uint8Array;
  readonly end: number;
}

export class ByteRing {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: RingPlace;
  /** Value of the head once the reserved frame is published. */
  #reserved: number | undefined;

  constructor(buffer: SharedArrayBuffer, place: RingPlace) {
    this.#place = place;
    this.#words = new Int32Array(buffer, 0, place.offset / 4);
    this.#bytes = new Uint8Array(buffer, place.offset, place.size);
    this.#view = new DataView(buffer, place.offset, place.size);
  }

  /** Writer: room for one frame, or undefined where there is none now. {@link publish} makes it visible. */
  reserve(operation: number, payloadBytes: number): Uint8Array | undefined {
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
    return this.#bytes.subarray(start + frameHeaderBytes, start + frameHeaderBytes + payloadBytes);
  }

  /** Writer: the reserved frame may be read. */
  publish(): void {
    assert(this.#reserved !== undefined, "a frame is published after it was reserved");
    Atomics.store(this.#words, this.#place.head, this.#reserved);
    this.#reserved = undefined;
  }

  /** Reader: the oldest frame. */
  peek(): RingFrame | undefined {
    const { head, tail: tailIndex, size } = this.#place;
    for (;;) {
      const tail = Atomics.load(this.#words, tailIndex);
      if (tail === Atomics.load(this.#words, head)) return undefined;
      const at = tail & (size - 1);
      const payloadBytes = this.#view.getUint32(at, true);
      const operation = this.#view.getUint32(at + 4, true);
      const start = at + frameHeaderBytes;
      const end = (tail + frameHeaderBytes + ((payloadBytes + 7) & ~7)) | 0;
      if (operation !== pad)
        return { operation, payload: this.#bytes.subarray(start, start + payloadBytes), end };
      Atomics.store(this.#words, tailIndex, end);
    }
  }

  /** Reader: the bytes of the frame may be overwritten from now on. */
  release(frame: RingFrame): void {
    Atomics.store(this.#words, this.#place.tail, frame.end);
  }

  #writeHeader(at: number, operation: number, payloadBytes: number): void {
    this.#view.setUint32(at, payloadBytes, true);
    this.#view.setUint32(at + 4, operation, true);
  }
}

/**
 * Bytes that grow. Whoever executes turns decides where they lie: in the heap of one thread, or in memory that
 * threads share. Growing replaces the buffer; `generation` tells readers elsewhere that they need the new one.
 */

import { assert } from "./assert.js";

/** Gives `bytes` zeroed bytes. */
export type AllocateBytes = (bytes: number) => ArrayBufferLike;

export class Region {
  readonly #allocate: AllocateBytes;
  #buffer: ArrayBufferLike;
  #bytes: Uint8Array;
  #words: Int32Array;
  #view: DataView;
  #generation = 0;

  constructor(allocate: AllocateBytes, initialBytes: number) {
    assert(initialBytes > 0 && initialBytes % 8 === 0, "a region is made of words");
    this.#allocate = allocate;
    this.#buffer = allocate(initialBytes);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#words = new Int32Array(this.#buffer);
    this.#view = new DataView(this.#buffer);
  }

  get buffer(): ArrayBufferLike {
    return this.#buffer;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The same bytes, four by four: what is aligned is copied faster so. */
  get words(): Int32Array {
    return this.#words;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Counts replacements of the buffer. */
  get generation(): number {
    return this.#generation;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  /** Makes room for `bytes` in all; what was written stays. */
  reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    let capacity = this.#bytes.length;
    while (capacity < bytes) capacity *= 2;
    const old = this.#bytes;
    this.adopt(this.#allocate(capacity));
    this.#bytes.set(old);
    this.#generation += 1;
  }

  /** Takes another buffer over, as the reader of a region that grew elsewhere. */
  adopt(buffer: ArrayBufferLike): void {
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#view = new DataView(buffer);
  }
}

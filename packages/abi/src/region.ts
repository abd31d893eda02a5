/**
 * Bytes that grow. Whoever executes turns decides where they lie: in the heap of one thread, or in memory that
 * threads share. Growing replaces the buffer; `generation` tells readers elsewhere that they need the new one.
 */

import { Words } from "./aligned-copy.js";
import { assert } from "./assert.js";

/** Gives `bytes` zeroed bytes. */
export type AllocateBytes = (bytes: number) => ArrayBufferLike;

export class Region {
  readonly #allocate: AllocateBytes;
  #buffer: ArrayBufferLike;
  #bytes: Uint8Array;
  #words: Words;
  #view: DataView;
  #generation = 0;

  constructor(allocate: AllocateBytes, initialBytes: number) {
    assert(initialBytes > 0 && initialBytes % 8 === 0, "a region is made of words");
    this.#allocate = allocate;
    this.#buffer = allocate(initialBytes);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#words = new Words(this.#bytes);
    this.#view = new DataView(this.#buffer);
  }

  get buffer(): ArrayBufferLike {
    return this.#buffer;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The same bytes, for `copyAligned`. */
  get words(): Words {
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
    this.#words = new Words(this.#bytes);
    this.#view = new DataView(buffer);
  }
}

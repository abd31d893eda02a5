/**
 * Linear memory of one instance as typed views that survive growth, and the one place where pointers of guests
 * are checked. It never throws for what a guest passes.
 */

import { Words } from "@wasm-engine/abi";
import type { WasmMemory } from "./webassembly.js";

export class GuestMemory {
  readonly #memory: WasmMemory;
  #words: Words;
  /** Of `#words`: asked for at every access. */
  #longs: BigInt64Array;
  #view: DataView;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
    this.#words = new Words(new Uint8Array(memory.buffer));
    this.#longs = this.#words.longs;
    this.#view = new DataView(memory.buffer);
  }

  /**
   * For `copyAligned`. Growth detaches the old buffer, which shows as length 0: that test is cheaper than asking for
   * the buffer. All tests look at this one view, because the others are seldom in the cache.
   */
  get words(): Words {
    if (this.#longs.length === 0) this.#refresh();
    return this.#words;
  }

  get bytes(): Uint8Array {
    return this.words.bytes;
  }

  get view(): DataView {
    if (this.#longs.length === 0) this.#refresh();
    return this.#view;
  }

  get size(): number {
    if (this.#longs.length === 0) this.#refresh();
    return this.#longs.length * 8;
  }

  /** True where `[pointer, pointer + length)` lies in memory. Both are unsigned 32-bit values. */
  holds(pointer: number, length: number): boolean {
    return pointer + length <= this.size;
  }

  /** Adds pages of 64 KiB on behalf of the host. */
  grow(pages: number): void {
    this.#memory.grow(pages);
    this.#refresh();
  }

  #refresh(): void {
    this.#words = new Words(new Uint8Array(this.#memory.buffer));
    this.#longs = this.#words.longs;
    this.#view = new DataView(this.#memory.buffer);
  }
}

/**
 * Linear memory of one instance as typed views that survive growth, and the one place where pointers of guests
 * are checked. It never throws for what a guest passes.
 */

import { Words } from "@wasm-engine/abi";
import type { WasmMemory } from "./webassembly.js";

export class GuestMemory {
  readonly #memory: WasmMemory;
  #bytes: Uint8Array;
  #words: Words;
  #view: DataView;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Words(this.#bytes);
    this.#view = new DataView(memory.buffer);
  }

  /** Growth detaches the old buffer, which shows as length 0: that test is cheaper than asking for the buffer. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#bytes;
  }

  /** The same bytes, for `copyAligned`. */
  get words(): Words {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#words;
  }

  get view(): DataView {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#view;
  }

  get size(): number {
    return this.bytes.length;
  }

  /** True where `[pointer, pointer + length)` lies in memory. Both are unsigned 32-bit values. */
  holds(pointer: number, length: number): boolean {
    return pointer + length <= this.bytes.length;
  }

  /** Adds pages of 64 KiB on behalf of the host. */
  grow(pages: number): void {
    this.#memory.grow(pages);
    this.#refresh();
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Words(this.#bytes);
    this.#view = new DataView(this.#memory.buffer);
  }
}

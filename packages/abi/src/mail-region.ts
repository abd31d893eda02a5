/**
 * Messages on their way to one tick, in the layout of message.ts, each at a multiple of 8. There are two of them,
 * taken by the parity of the tick of delivery: while turns of tick t read the one, the commit of t fills the
 * other. It never grows while it is filled: what finds no room stays in the heap of the core and travels inline.
 */

import { Region } from "./region.js";
import type { AllocateBytes } from "./region.js";

export class MailRegion {
  readonly region: Region;
  readonly #bytesMax: number;
  #usedBytes = 0;
  #wantedBytes = 0;

  constructor(allocate: AllocateBytes, initialBytes: number, bytesMax: number) {
    this.region = new Region(allocate, initialBytes);
    this.#bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Forgets everything; grows where the last filling found no room. */
  begin(): void {
    if (this.#wantedBytes > this.region.capacity)
      this.region.reserve(Math.min(this.#wantedBytes, this.#bytesMax));
    this.#usedBytes = 0;
    this.#wantedBytes = 0;
  }

  /** Offset of room for `bytes`, or -1 where there is none. */
  claim(bytes: number): number {
    const start = this.#usedBytes;
    const end = start + ((bytes + 7) & ~7);
    this.#wantedBytes += (bytes + 7) & ~7;
    if (end > this.region.capacity) return -1;
    this.#usedBytes = end;
    return start;
  }
}

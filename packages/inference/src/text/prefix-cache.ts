/**
 * Keys and values of whole parts of prompts, for prompts that begin alike. A part is always read in a run of its own
 * behind the parts before it, whoever asks: what is kept here are the very bytes that reading it again would give.
 */

import { createHash } from "node:crypto";
import type { KeyValues } from "./key-value-slab.js";

interface Kept {
  readonly piece: KeyValues;
  readonly bytes: number;
}

export class PrefixCache {
  readonly #bytesMax: number;
  /** The one used last at the end. */
  readonly #pieces = new Map<string, Kept>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): KeyValues | undefined {
    const kept = this.#pieces.get(key);
    if (kept === undefined) return undefined;
    this.#pieces.delete(key);
    this.#pieces.set(key, kept);
    return kept.piece;
  }

  put(key: string, piece: KeyValues): void {
    const bytes = piece.parts.reduce((sum, part) => sum + part.length, 0);
    if (bytes > this.#bytesMax || this.#pieces.has(key)) return;
    // Rows of a run share the memory of all its outputs: what is kept has memory of its own.
    const own = { tokens: piece.tokens, parts: piece.parts.map((part) => part.slice()) };
    this.#pieces.set(key, { piece: own, bytes });
    this.#bytes += bytes;
    for (const [oldest, kept] of this.#pieces) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#pieces.delete(oldest);
      this.#bytes -= kept.bytes;
    }
  }
}

/** Name of a part behind the part named `before`: by all tokens up to its end. */
export function partKey(before: string, tokens: readonly number[]): string {
  return createHash("sha256").update(before).update(Int32Array.from(tokens)).digest("hex");
}

/**
 * The tokens of a vocabulary in the order of their bytes, so that a walk over all of them reads each common beginning
 * once; and how few tokens spell given bytes.
 */

import type { Tokenizer } from "../tokenizer.js";

/** One token of the order. */
export interface OrderedToken {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Bytes at its beginning that it shares with the token before. */
  readonly shared: number;
}

export class TokenOrder {
  /** Tokens that have bytes. */
  readonly tokens: readonly OrderedToken[];
  readonly vocabulary: number;
  readonly longest: number;
  readonly leadingSpaces: number;
  readonly #spellings = new Set<string>();

  constructor(tokenizer: Tokenizer) {
    this.vocabulary = tokenizer.vocabulary;
    this.leadingSpaces = tokenizer.leadingSpaces;
    const found: { readonly id: number; readonly bytes: Uint8Array; readonly text: string }[] = [];
    for (let id = 0; id < tokenizer.vocabulary; id += 1) {
      const bytes = tokenizer.bytesOf(id);
      if (bytes.length > 0) found.push({ id, bytes, text: latin1(bytes) });
    }
    found.sort((left, right) =>
      left.text < right.text ? -1 : left.text > right.text ? 1 : left.id - right.id,
    );
    let before: Uint8Array = new Uint8Array(0);
    let longest = 0;
    this.tokens = found.map(({ id, bytes, text }) => {
      let shared = 0;
      while (shared < bytes.length && bytes[shared] === before[shared]) shared += 1;
      before = bytes;
      longest = Math.max(longest, bytes.length);
      this.#spellings.add(text);
      return { id, bytes, shared };
    });
    this.longest = longest;
  }

  /** Whether each of the bytes is a token. */
  has(...bytes: readonly number[]): boolean {
    return bytes.every((byte) => this.#spellings.has(String.fromCharCode(byte)));
  }

  /** Fewest tokens for the bytes from each place to the end; Infinity where there are none. */
  fewest(bytes: Uint8Array): readonly number[] {
    const text = latin1(bytes);
    const counts = new Array<number>(bytes.length + 1).fill(Infinity);
    counts[bytes.length] = 0;
    for (let start = bytes.length - 1; start >= 0; start -= 1)
      for (let end = start + 1; end <= Math.min(bytes.length, start + this.longest); end += 1) {
        const count = 1 + (counts[end] ?? Infinity);
        if (count < (counts[start] ?? Infinity) && this.#spellings.has(text.slice(start, end)))
          counts[start] = count;
      }
    return counts;
  }
}

/** One character per byte: texts compare as bytes do. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/**
 * Copies bytes whose both ends begin at multiples of 4: messages and records do. Short ones are moved word by word,
 * because a call of `set` costs more than they do. What lies behind the last byte stays as it was.
 */

import { assert } from "./assert.js";

/** Above it `set` is faster. */
const wordsByHandMax = 64;

assert(
  new Uint8Array(new Uint32Array([1]).buffer)[0] === 1,
  "words of memory are little endian on every machine that this runs on",
);

/** Copies `bytes` bytes from byte `sourceStart` of `source` to byte `targetStart` of `target`. */
export function copyAligned(
  source: Int32Array,
  sourceStart: number,
  target: Int32Array,
  targetStart: number,
  bytes: number,
): void {
  const from = sourceStart >>> 2;
  const to = targetStart >>> 2;
  const words = bytes >>> 2;
  if (words <= wordsByHandMax) {
    for (let index = 0; index < words; index += 1) target[to + index] = source[from + index] ?? 0;
  } else {
    target.set(source.subarray(from, from + words), to);
  }
  const rest = bytes & 3;
  if (rest === 0) return;
  const mask = (1 << (rest * 8)) - 1;
  target[to + words] = ((source[from + words] ?? 0) & mask) | ((target[to + words] ?? 0) & ~mask);
}

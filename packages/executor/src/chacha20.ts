/**
 * The ChaCha20 block function (RFC 8439 §2.3) with a 64-bit block counter in words 12 and 13. It owns no state
 * and knows nothing of streams.
 */

import { assert } from "@wasm-engine/abi";

const TWO_32 = 0x1_0000_0000;
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const; // "expand 32-byte k"

/** Bytes of one block. */
export const CHACHA20_BLOCK_BYTES = 64;

/** A 256-bit key as eight little-endian words. */
export function chacha20Key(bytes: Uint8Array): Uint32Array {
  assert(bytes.length === 32, "a key has 32 bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
  return Uint32Array.from({ length: 8 }, (_, index) => view.getUint32(index * 4, true));
}

const state = new Uint32Array(16);
const working = new Uint32Array(16);

/**
 * Writes block `counter` of the key stream to `out` at `offset`. Words 14 and 15 are zero: one key, one stream.
 * @param nonce words 13 to 15 for the vectors of RFC 8439, whose counter has 32 bits
 */
export function chacha20Block(
  key: Uint32Array,
  counter: number,
  out: Uint8Array,
  nonce?: readonly [number, number, number],
): void {
  assert(counter >= 0 && counter <= Number.MAX_SAFE_INTEGER, "block counter is exact");
  state.set(CONSTANTS, 0);
  state.set(key, 4);
  state[12] = counter % TWO_32;
  state[13] = nonce === undefined ? Math.floor(counter / TWO_32) : nonce[0];
  state[14] = nonce?.[1] ?? 0;
  state[15] = nonce?.[2] ?? 0;
  working.set(state);
  for (let round = 0; round < 10; round += 1) {
    quarter(0, 4, 8, 12);
    quarter(1, 5, 9, 13);
    quarter(2, 6, 10, 14);
    quarter(3, 7, 11, 15);
    quarter(0, 5, 10, 15);
    quarter(1, 6, 11, 12);
    quarter(2, 7, 8, 13);
    quarter(3, 4, 9, 14);
  }
  for (let index = 0; index < 16; index += 1) {
    const word = ((working[index] ?? 0) + (state[index] ?? 0)) >>> 0;
    out[index * 4] = word;
    out[index * 4 + 1] = word >>> 8;
    out[index * 4 + 2] = word >>> 16;
    out[index * 4 + 3] = word >>> 24;
  }
}

/** RFC 8439 §2.1. */
function quarter(ia: number, ib: number, ic: number, id: number): void {
  let a = working[ia] ?? 0;
  let b = working[ib] ?? 0;
  let c = working[ic] ?? 0;
  let d = working[id] ?? 0;
  a = (a + b) | 0;
  d = rotate(d ^ a, 16);
  c = (c + d) | 0;
  b = rotate(b ^ c, 12);
  a = (a + b) | 0;
  d = rotate(d ^ a, 8);
  c = (c + d) | 0;
  b = rotate(b ^ c, 7);
  working[ia] = a;
  working[ib] = b;
  working[ic] = c;
  working[id] = d;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

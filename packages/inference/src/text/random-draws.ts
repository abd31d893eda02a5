/**
 * Numbers for sampling: draw n of a generation is a function of its seed and n alone, so a generation that is carried
 * out again draws the same, however far it had come. The seed comes from whoever asks.
 */

import { createHash } from "node:crypto";
import { assert, encodeUtf8 } from "@wasm-engine/abi";

export const seedBytes = 32;
const domain = encodeUtf8("wasm-engine/text-seed\0");

/** A seed of 32 bytes made of a whole number. */
export function seedOf(number: number): Uint8Array {
  assert(Number.isSafeInteger(number), "a seed is a whole number");
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(number), true);
  return createHash("sha256").update(domain).update(bytes).digest();
}

/** From 0 up to but not including 1, in steps of 2^-53: the first 53 bits of SHA-256(seed, index as u64). */
export function draw(seed: Uint8Array, index: number): number {
  assert(seed.length === seedBytes, `a seed has ${seedBytes} bytes`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(index), true);
  const digest = createHash("sha256").update(seed).update(bytes).digest();
  return Number(digest.readBigUInt64BE(0) >> 11n) / 2 ** 53;
}

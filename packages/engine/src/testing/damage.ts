/** Files that somebody has tampered with: one byte changed, with or without a digest that fits again. */

import { sha256 } from "../crypto/node-crypto.js";

const digestBytes = 32;

/** The bytes with one of them changed. */
export function flipped(bytes: Uint8Array, offset: number, mask = 0x10): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[offset] = (changed[offset] ?? 0) ^ mask;
  return changed;
}

/** A bundle whose last 32 bytes are made to fit the others. */
export function resealed(bundle: Uint8Array): Uint8Array {
  const body = bundle.subarray(0, bundle.length - digestBytes);
  return new Uint8Array(Buffer.concat([body, sha256(body)]));
}

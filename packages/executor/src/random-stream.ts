/**
 * Named random streams: ChaCha20 keyed by SHA-256("wasm-engine/stream\0" ‖ stream seed ‖ name). A stream is a
 * function of key and byte position; positions live in the ledger, so nothing here is state.
 */

import { assert, encodeUtf8 } from "@wasm-engine/abi";
import type { Sha256 } from "@wasm-engine/abi";
import { CHACHA20_BLOCK_BYTES, chacha20Block, chacha20Key } from "./chacha20.js";

const domain = encodeUtf8("wasm-engine/stream\0");
const block = new Uint8Array(CHACHA20_BLOCK_BYTES);

/** Key of the stream `name` of an agent. */
export function streamKey(sha256: Sha256, streamSeed: Uint8Array, name: string): Uint32Array {
  assert(streamSeed.length === 32, "a stream seed has 32 bytes");
  const text = encodeUtf8(name);
  const bytes = new Uint8Array(domain.length + streamSeed.length + text.length);
  bytes.set(domain, 0);
  bytes.set(streamSeed, domain.length);
  bytes.set(text, domain.length + streamSeed.length);
  return chacha20Key(sha256(bytes));
}

/** Fills `out` with the stream's bytes from `position` on. */
export function fillFromStream(key: Uint32Array, position: number, out: Uint8Array): void {
  assert(position + out.length <= Number.MAX_SAFE_INTEGER, "stream positions are exact");
  for (let filled = 0; filled < out.length;) {
    const at = position + filled;
    const skip = at % CHACHA20_BLOCK_BYTES;
    const count = Math.min(CHACHA20_BLOCK_BYTES - skip, out.length - filled);
    chacha20Block(key, Math.floor(at / CHACHA20_BLOCK_BYTES), block);
    out.set(block.subarray(skip, skip + count), filled);
    filled += count;
  }
}

/** Blocks that drawing `bytes` at `position` touches. */
export function blocksTouched(position: number, bytes: number): number {
  if (bytes === 0) return 0;
  const first = Math.floor(position / CHACHA20_BLOCK_BYTES);
  return Math.floor((position + bytes - 1) / CHACHA20_BLOCK_BYTES) - first + 1;
}

import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import { blocksTouched, fillFromStream, streamKey } from "./random-stream.js";
import { hex, sha256 } from "./testing/test-world.js";
import { vectorsOf } from "./testing/vector-file.js";

const CASES = [
  { seed: "00".repeat(32), name: "", position: 0, bytes: 64 },
  { seed: "00".repeat(32), name: "dice", position: 0, bytes: 128 },
  { seed: "00".repeat(32), name: "dice", position: 63, bytes: 3 },
  { seed: "0123456789abcdef".repeat(4), name: "größe", position: 1000, bytes: 32 },
  { seed: "ff".repeat(32), name: "far", position: 2 ** 40 + 5, bytes: 32 },
  { seed: "ff".repeat(32), name: "last", position: Number.MAX_SAFE_INTEGER - 16, bytes: 16 },
] as const;

/** OpenSSL's ChaCha20: 32-bit counter and 96-bit nonce are the sixteen bytes of the initial vector. */
function independent(key: Uint8Array, position: number, bytes: number): Uint8Array {
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(BigInt(Math.floor(position / 64)), 0);
  const cipher = createCipheriv("chacha20", key, vector);
  const skip = position % 64;
  return new Uint8Array(cipher.update(Buffer.alloc(skip + bytes))).slice(skip);
}

test("[G1] spec/vectors/random-streams.json: streams equal an independent ChaCha20", () => {
  const computed = CASES.map((entry) => {
    const seed = new Uint8Array(Buffer.from(entry.seed, "hex"));
    const key = streamKey(sha256, seed, entry.name);
    const out = new Uint8Array(entry.bytes);
    fillFromStream(key, entry.position, out);
    const keyBytes = sha256(
      Buffer.concat([Buffer.from("wasm-engine/stream\0"), seed, Buffer.from(entry.name)]),
    );
    assert.deepEqual(out, independent(keyBytes, entry.position, entry.bytes), entry.name);
    return { ...entry, key: hex(keyBytes), output: hex(out) };
  });
  assert.deepEqual(vectorsOf("random-streams", computed), computed);
});

test("blocks that a draw touches are counted from the position", () => {
  assert.deepEqual(
    [
      blocksTouched(0, 0),
      blocksTouched(0, 1),
      blocksTouched(0, 64),
      blocksTouched(0, 65),
      blocksTouched(63, 2),
    ],
    [0, 1, 1, 2, 2],
  );
});

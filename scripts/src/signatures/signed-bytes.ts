/**
 * Signed modules written byte by byte from spec/signatures.md, on node:crypto alone. Nothing of packages/wasm is used:
 * what both agree on was written twice.
 */

import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";

export const HEADER = "0061736d01000000";
const privatePrefix = "302e020100300506032b657004220420";

/** Bytes from hex texts, which may hold spaces, and from bytes. */
export function bytes(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part.replace(/\s/g, ""), "hex") : part)),
  );
}

export function leb(value: number): Buffer {
  const encoded: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...encoded, rest]);
    encoded.push((rest & 0x7f) | 0x80);
  }
}

/** Its length, then the bytes. */
export function sized(...parts: readonly (string | Uint8Array)[]): Buffer {
  const content = bytes(...parts);
  return bytes(leb(content.length), content);
}

export function customSection(name: string, ...payload: readonly (string | Uint8Array)[]): Buffer {
  return bytes("00", sized(sized(Buffer.from(name)), ...payload));
}

export function delimiter(fill: number): Buffer {
  return customSection("signature_delimiter", Buffer.alloc(16, fill));
}

export interface VectorKey {
  readonly name: string;
  readonly seed: Buffer;
  readonly publicKey: Buffer;
  readonly keyId: Buffer;
}

export function keyOf(name: string, seed: Buffer): VectorKey {
  const publicKey = createPublicKey(privateKeyOf(seed)).export({ format: "der", type: "spki" }).subarray(-32);
  const keyId = createHmac("sha256", publicKey).update("key_id").digest().subarray(0, 12);
  return { name, seed, publicKey, keyId };
}

function privateKeyOf(seed: Buffer): ReturnType<typeof createPrivateKey> {
  return createPrivateKey({ key: bytes(privatePrefix, seed), format: "der", type: "pkcs8" });
}

/** Hashes of the parts: each from the first byte after the signature section to the end of that part. */
export function hashesOf(...parts: readonly Buffer[]): Buffer[] {
  return parts.map((_, index) =>
    createHash("sha256")
      .update(bytes(...parts.slice(0, index + 1)))
      .digest(),
  );
}

export function messageOf(hashes: readonly Buffer[]): Buffer {
  return bytes(Buffer.from("wasmsig"), "010101", ...hashes);
}

export function signatureOf(key: VectorKey, message: Buffer): Buffer {
  return sign(null, message, privateKeyOf(key.seed));
}

/** A signature record without its length. */
export function recordOf(keyId: Uint8Array, signature: Uint8Array, algorithm = 1): Buffer {
  return bytes(sized(keyId), Buffer.from([algorithm]), sized(signature));
}

/** The record that a key makes over these hashes. */
export function signedRecord(key: VectorKey, hashes: readonly Buffer[], keyId: Buffer = key.keyId): Buffer {
  return recordOf(keyId, signatureOf(key, messageOf(hashes)));
}

/** A list of hashes with signature records, without its length. */
export function listOf(hashes: readonly Buffer[], records: readonly Buffer[]): Buffer {
  return bytes(leb(hashes.length), ...hashes, leb(records.length), ...records.map((record) => sized(record)));
}

export function payloadOf(...lists: readonly Buffer[]): Buffer {
  return bytes("010101", leb(lists.length), ...lists.map((list) => sized(list)));
}

/** A module with that signature payload. */
export function moduleOf(payload: Uint8Array, ...parts: readonly Buffer[]): Buffer {
  return bytes(HEADER, customSection("signature", payload), ...parts);
}

/** The same signature with S + L for S, L being the order of the group: equal to verifiers that do not look. */
export function malleated(signature: Buffer): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + order;
  const moved = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse();
  return bytes(signature.subarray(0, 32), moved);
}

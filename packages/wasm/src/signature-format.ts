/**
 * Payload of a signature section, which is also a detached signature file: the wasmsign2 wire form with its length
 * prefixes.
 * Bytes to records and back; nothing is verified here. Numbers have one encoding only, and nothing may follow.
 *
 *   u8 version 1 · u8 content 1 · u8 hash 1 · varu32 lists · lists × (varu32 bytes · list)
 *   list:      varu32 hashes · hashes × 32 bytes · varu32 signatures · signatures × (varu32 bytes · signature)
 *   signature: varu32 keyIdBytes · key id · u8 algorithm 1 · varu32 64 · signature
 */

import type { EngineError } from "@wasm-engine/abi";
import { concatBytes, encodeU32, hexOf } from "./custom-section.js";
import { wasmError } from "./errors.js";
import {
  keyIdBytesMax,
  signatureBytesMax,
  signaturesPerListMax,
  signedHashListsMax,
  signedHashesMax,
} from "./limits.js";

export const HASH_BYTES = 32;
export const SIGNATURE_BYTES = 64;
const ED25519 = 1;

/** Version of the format, WebAssembly module, SHA-256: the first bytes of the payload and of the signed message. */
export const SIGNATURE_PREFIX: Uint8Array = Uint8Array.of(1, 1, 1);

/** One signature over one list of hashes. */
export interface SignatureRecord {
  /** A hint at the key; empty: none. */
  readonly keyId: Uint8Array;
  /** `undefined`: of an algorithm that this runtime does not know, kept but never counted. */
  readonly signature: Uint8Array | undefined;
  /** The record as it stands in the file, without its length. */
  readonly raw: Uint8Array;
}

/** Hashes of the parts of a module, from the first on, and who signed them. */
export interface SignedHashes {
  readonly hashes: readonly Uint8Array[];
  readonly signatures: readonly SignatureRecord[];
}

/** Error for signature bytes that do not follow the format. */
export function malformedSignature(reason: string, offset: number): EngineError {
  return wasmError("WE_SIGNATURE_MALFORMED", { reason, offset });
}

class PayloadReader {
  readonly #bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset: number, end: number) {
    this.#bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  take(count: number): Uint8Array {
    if (count > this.end - this.offset) throw malformedSignature("unexpected end", this.end);
    this.offset += count;
    return this.#bytes.subarray(this.offset - count, this.offset);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  /** varu32 in its shortest form, because two encodings of one signature would be two modules. */
  number(): number {
    const start = this.offset;
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > 0xffff_ffff) throw malformedSignature("number too large", start);
      if (byte >= 0x80) continue;
      if (byte === 0 && scale > 1) throw malformedSignature("number is not in its shortest form", start);
      return value;
    }
  }

  count(item: string, limit: number): number {
    const actual = this.number();
    if (actual > limit) throw wasmError("WE_SIGNATURE_LIMIT", { item, actual, limit });
    return actual;
  }

  /** A reader for the next length-prefixed record. */
  record(): PayloadReader {
    const length = this.number();
    const start = this.offset;
    this.take(length);
    return new PayloadReader(this.#bytes, start, start + length);
  }

  finish(): void {
    if (this.offset !== this.end) throw malformedSignature("bytes left over", this.offset);
  }
}

/**
 * Decodes a payload. Everything aliases `bytes`.
 * @throws {WE_SIGNATURE_MALFORMED} {WE_SIGNATURE_LIMIT}
 */
export function decodeSignatures(bytes: Uint8Array): SignedHashes[] {
  if (bytes.length > signatureBytesMax) {
    throw wasmError("WE_SIGNATURE_LIMIT", {
      item: "payload bytes",
      actual: bytes.length,
      limit: signatureBytesMax,
    });
  }
  const reader = new PayloadReader(bytes, 0, bytes.length);
  for (const [index, what] of ["version", "content type", "hash function"].entries()) {
    const actual = reader.byte();
    if (actual !== SIGNATURE_PREFIX[index]) throw malformedSignature(`unknown ${what} ${actual}`, index);
  }
  const count = reader.count("signed hash lists", signedHashListsMax);
  const lists: SignedHashes[] = [];
  for (let index = 0; index < count; index++) lists.push(decodeList(reader.record()));
  reader.finish();
  const keys = new Set(lists.map(({ hashes }) => hashes.map(hexOf).join()));
  if (keys.size < lists.length) throw malformedSignature("two lists of the same hashes", 0);
  return lists;
}

function decodeList(reader: PayloadReader): SignedHashes {
  const hashCount = reader.count("hashes", signedHashesMax);
  if (hashCount === 0) throw malformedSignature("a list without hashes", reader.offset);
  const hashes: Uint8Array[] = [];
  for (let index = 0; index < hashCount; index++) hashes.push(reader.take(HASH_BYTES));
  const count = reader.count("signatures", signaturesPerListMax);
  const signatures: SignatureRecord[] = [];
  for (let index = 0; index < count; index++) signatures.push(decodeRecord(reader.record()));
  reader.finish();
  const distinct = new Set(signatures.map(({ raw }) => hexOf(raw)));
  if (distinct.size < count) throw malformedSignature("the same signature twice", reader.offset);
  return { hashes, signatures };
}

function decodeRecord(reader: PayloadReader): SignatureRecord {
  const start = reader.offset;
  const keyId = reader.take(reader.count("key id bytes", keyIdBytesMax));
  const algorithm = reader.byte();
  const known = algorithm === ED25519;
  const signature = known ? reader.take(reader.number()) : undefined;
  if (signature !== undefined && signature.length !== SIGNATURE_BYTES) {
    throw malformedSignature(`signature of ${signature.length} bytes`, start);
  }
  if (known) reader.finish();
  reader.offset = start;
  return { keyId, signature, raw: reader.take(reader.end - start) };
}

/** A record for an Ed25519 signature. */
export function signatureRecord(keyId: Uint8Array, signature: Uint8Array): SignatureRecord {
  const raw = concatBytes([
    ...[encodeU32(keyId.length), keyId],
    ...[Uint8Array.of(ED25519), encodeU32(signature.length), signature],
  ]);
  return { keyId, signature, raw };
}

/**
 * Encodes a payload; records that were decoded keep their bytes.
 * @throws {WE_SIGNATURE_LIMIT}
 */
export function encodeSignatures(lists: readonly SignedHashes[]): Uint8Array {
  checkCount("signed hash lists", lists.length, signedHashListsMax);
  const bytes = concatBytes([SIGNATURE_PREFIX, encodeU32(lists.length), ...lists.map(encodeList)]);
  checkCount("payload bytes", bytes.length, signatureBytesMax);
  return bytes;
}

function encodeList({ hashes, signatures }: SignedHashes): Uint8Array {
  checkCount("hashes", hashes.length, signedHashesMax);
  checkCount("signatures", signatures.length, signaturesPerListMax);
  const records = signatures.flatMap(({ raw }) => [encodeU32(raw.length), raw]);
  const list = concatBytes([encodeU32(hashes.length), ...hashes, encodeU32(signatures.length), ...records]);
  return concatBytes([encodeU32(list.length), list]);
}

function checkCount(item: string, actual: number, limit: number): void {
  if (actual > limit) throw wasmError("WE_SIGNATURE_LIMIT", { item, actual, limit });
}

export function sameHashes(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  return left.length === right.length && left.every((hash, index) => sameBytes(hash, right[index]));
}

export function sameBytes(left: Uint8Array, right: Uint8Array | undefined): boolean {
  return left.length === right?.length && left.every((byte, index) => byte === right[index]);
}

/**
 * Deterministic CBOR (RFC 8949 section 4.2.1) for everything that is hashed or stored. One value
 * has exactly one encoding, and bytes that are not that encoding do not decode. Knows values,
 * not the shapes of the model.
 */

import { CborReader } from "./cbor-reader.js";
import { CborWriter } from "./cbor-writer.js";

/** What has a canonical encoding. Integers beyond 2^53 are bigints and come back as such. */
export type CborValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

const writer = new CborWriter();

/**
 * Canonical bytes of `value`, in memory of their own.
 * @throws {WE_CBOR_REFUSED}
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  return writer.encode(value);
}

/**
 * Canonical bytes of a list of `count` items.
 * @param parts the encodings of its items, one after the other: one part may hold several
 */
export function encodedList(count: number, parts: readonly Uint8Array[]): Uint8Array {
  return writer.join({ kind: "list", count }, parts);
}

/** Canonical bytes of a map. @param members in canonical order: shorter keys first */
export function encodedMap(members: readonly (readonly [key: string, encoded: Uint8Array])[]): Uint8Array {
  return writer.join(
    { kind: "map", count: members.length },
    members.flatMap(([key, encoded]) => [encodeCanonical(key), encoded]),
  );
}

/**
 * The value of canonical bytes. Byte strings are copies. Maps are objects with own properties only.
 * @throws {WE_CBOR_MALFORMED} also where the bytes are valid CBOR but not the canonical form
 */
export function decodeCanonical(bytes: Uint8Array): CborValue {
  return new CborReader(bytes).decode();
}

/** True where both hold the same bytes. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

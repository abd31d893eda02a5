/**
 * Deterministic CBOR (RFC 8949 section 4.2.1) for everything that is hashed or stored. One value has exactly one
 * encoding, and bytes that are not that encoding do not decode. Knows values, not the shapes of the model.
 */

import { decodeUtf8 } from "@wasm-engine/abi";
import { Tokenizer, Type, decode, encode, rfc8949EncodeOptions, type Token } from "cborg";
import { coreError } from "../errors.js";

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

/** Nesting beyond this is refused, so that no input can exhaust the native stack. */
const depthMax = 128;
const u64Max = 0xffff_ffff_ffff_ffffn;
const i64Min = -0x8000_0000_0000_0000n;
const loneSurrogate = /[\ud800-\udfff]/u;

/**
 * Canonical bytes of `value`.
 * @throws {WE_CBOR_REFUSED}
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  requireEncodable(value, "", 0);
  return plain(encode(value, rfc8949EncodeOptions));
}

/**
 * The value of canonical bytes. Byte strings are copies. Maps are objects with own properties only.
 * @throws {WE_CBOR_MALFORMED} also where the bytes are valid CBOR but not the canonical form
 */
export function decodeCanonical(bytes: Uint8Array): CborValue {
  const value = decodeStrict(plain(bytes));
  if (!equalBytes(reencode(value), bytes))
    throw malformed("another encoding of the value is the canonical one");
  return value;
}

function decodeStrict(bytes: Uint8Array): CborValue {
  try {
    const value: unknown = decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: true,
      rejectDuplicateMapKeys: true,
      tokenizer: strictTextTokenizer(bytes),
    });
    return value as CborValue; // the options admit nothing else
  } catch (error) {
    throw malformed(reasonOf(error));
  }
}

function reencode(value: CborValue): Uint8Array {
  try {
    return encodeCanonical(value);
  } catch (error) {
    throw malformed(reasonOf(error));
  }
}

/** The library's decoder drops byte order marks and repairs invalid UTF-8; stored text must do neither. */
function strictTextTokenizer(bytes: Uint8Array): {
  done(): boolean;
  next(): Token;
  pos(): number;
} {
  const tokenizer = new Tokenizer(bytes, {
    strict: true,
    allowIndefinite: false,
    allowUndefined: false,
    allowInfinity: false,
    allowNaN: false,
    allowBigInt: true,
    retainStringBytes: true,
  });
  return {
    done: () => tokenizer.done(),
    pos: () => tokenizer.pos(),
    next: () => {
      const token = tokenizer.next();
      if (token.type !== Type.string || token.byteValue === undefined) return token;
      const text = decodeUtf8(token.byteValue);
      if (text === undefined) throw malformed("text is not valid UTF-8");
      token.value = text;
      return token;
    },
  };
}

/** Subclasses of Uint8Array share memory where plain arrays copy (`slice` of a Node buffer), so none gets in or out. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function requireEncodable(value: unknown, path: string, depth: number): void {
  if (depth > depthMax) throw refused(`nesting deeper than ${depthMax}`, path);
  switch (typeof value) {
    case "boolean":
      return;
    case "number":
      return requireNumber(value, path);
    case "bigint":
      if (value > u64Max || value < i64Min) throw refused("integer beyond 64 bits", path);
      return;
    case "string":
      if (loneSurrogate.test(value)) throw refused("text with a lone surrogate", path);
      return;
    case "object":
      return requireObject(value, path, depth);
    default:
      throw refused(`a value of type ${typeof value}`, path);
  }
}

function requireNumber(value: number, path: string): void {
  if (!Number.isFinite(value)) throw refused(`the number ${value}`, path);
  if (Object.is(value, -0)) throw refused("the number -0", path);
}

function requireObject(value: object | null, path: string, depth: number): void {
  if (value === null || value instanceof Uint8Array) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) requireEncodable(value[index], path, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw refused("an object that is not plain", path);
  for (const [key, entry] of Object.entries(value)) {
    if (loneSurrogate.test(key)) throw refused("a key with a lone surrogate", path);
    requireEncodable(entry, path === "" ? key : `${path}.${key}`, depth + 1);
  }
}

function refused(reason: string, path: string): Error {
  return coreError("WE_CBOR_REFUSED", { reason, path: path === "" ? "the top" : path });
}

function malformed(reason: string): Error {
  return coreError("WE_CBOR_MALFORMED", { reason });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True where both hold the same bytes. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

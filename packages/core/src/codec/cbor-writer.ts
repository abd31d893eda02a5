/** Encodes values to canonical CBOR. One writer encodes one value at a time, into a scratch buffer that it keeps. */

import { encodeUtf8 } from "@wasm-engine/abi";
import { coreError } from "../errors.js";
import type { CborValue } from "./cbor.js";
import { Major, Simple, cborDepthMax, float16Bits, i64Min, u64Max } from "./cbor-head.js";

const scratchBytesInitial = 4096;
const loneSurrogate = /[\ud800-\udfff]/u;
const two32 = 0x1_0000_0000;

export class CborWriter {
  #bytes = new Uint8Array(scratchBytesInitial);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Keys and indexes from the top to the value at hand, for errors. */
  readonly #trail: (string | number)[] = [];

  /** @throws {WE_CBOR_REFUSED} */
  encode(value: CborValue): Uint8Array {
    this.#length = 0;
    this.#trail.length = 0;
    this.#write(value);
    return this.#bytes.slice(0, this.#length);
  }

  /** A list or a map around what is encoded already. */
  join(
    head: { readonly kind: "list" | "map"; readonly count: number },
    parts: readonly Uint8Array[],
  ): Uint8Array {
    this.#length = 0;
    this.#head(head.kind === "list" ? Major.LIST : Major.MAP, head.count);
    for (const part of parts) this.#append(part);
    return this.#bytes.slice(0, this.#length);
  }

  #write(value: unknown): void {
    switch (typeof value) {
      case "number":
        return this.#number(value);
      case "string":
        return this.#text(value);
      case "boolean":
        return this.#byte((Major.SIMPLE << 5) | (value ? Simple.TRUE : Simple.FALSE));
      case "bigint":
        return this.#bigint(value);
      case "object":
        return this.#object(value);
      default:
        throw this.#refused(`a value of type ${typeof value}`);
    }
  }

  #object(value: object | null): void {
    if (value === null) return this.#byte((Major.SIMPLE << 5) | Simple.NULL);
    if (value instanceof Uint8Array) {
      this.#head(Major.BYTES, value.length);
      return this.#append(value);
    }
    if (this.#trail.length >= cborDepthMax) throw this.#refused(`nesting deeper than ${cborDepthMax}`);
    if (Array.isArray(value)) return this.#list(value as readonly unknown[]); // checked member by member
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null)
      throw this.#refused("an object that is not plain");
    this.#map(value as { readonly [key: string]: unknown }); // plain, checked above
  }

  #list(items: readonly unknown[]): void {
    this.#head(Major.LIST, items.length);
    for (let index = 0; index < items.length; index += 1) {
      this.#trail.push(index);
      this.#write(items[index]);
      this.#trail.pop();
    }
  }

  #map(map: { readonly [key: string]: unknown }): void {
    const keys = sortedKeys(map);
    this.#head(Major.MAP, keys.length);
    for (const key of keys) {
      this.#trail.push(key);
      this.#text(key);
      this.#write(map[key]);
      this.#trail.pop();
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) {
      if (value > 0) return this.#head(Major.UNSIGNED, value);
      if (value < 0) return this.#head(Major.NEGATIVE, -1 - value);
      if (Object.is(value, -0)) throw this.#refused("the number -0");
      return this.#byte(0);
    }
    if (!Number.isFinite(value)) throw this.#refused(`the number ${value}`);
    const half = float16Bits(value);
    this.#reserve(9);
    const start = this.#length;
    if (half !== undefined) {
      this.#byte((Major.SIMPLE << 5) | Simple.FLOAT16);
      this.#view.setUint16(start + 1, half);
      this.#length += 2;
    } else if (Math.fround(value) === value) {
      this.#byte((Major.SIMPLE << 5) | Simple.FLOAT32);
      this.#view.setFloat32(start + 1, value);
      this.#length += 4;
    } else {
      this.#byte((Major.SIMPLE << 5) | Simple.FLOAT64);
      this.#view.setFloat64(start + 1, value);
      this.#length += 8;
    }
  }

  #bigint(value: bigint): void {
    if (value > u64Max || value < i64Min) throw this.#refused("an integer beyond 64 bits");
    const argument = value < 0n ? -1n - value : value;
    const major = value < 0n ? Major.NEGATIVE : Major.UNSIGNED;
    if (argument <= Number.MAX_SAFE_INTEGER) return this.#head(major, Number(argument));
    this.#reserve(9);
    this.#byte((major << 5) | 27);
    this.#view.setBigUint64(this.#length, argument);
    this.#length += 8;
  }

  #text(text: string): void {
    if (this.#ascii(text)) return;
    if (loneSurrogate.test(text)) throw this.#refused("text with a lone surrogate");
    const bytes = encodeUtf8(text);
    this.#head(Major.TEXT, bytes.length);
    this.#append(bytes);
  }

  /** Most text is ASCII, whose length in bytes is known beforehand. False, and nothing written, where it is not. */
  #ascii(text: string): boolean {
    const start = this.#length;
    this.#head(Major.TEXT, text.length);
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.#length = start;
        return false;
      }
      this.#bytes[this.#length + index] = code;
    }
    this.#length += text.length;
    return true;
  }

  /** Major type and argument in the shortest form. */
  #head(major: number, argument: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    const type = major << 5;
    if (argument < 24) {
      bytes[this.#length++] = type | argument;
    } else if (argument < 0x100) {
      bytes[this.#length++] = type | 24;
      bytes[this.#length++] = argument;
    } else if (argument < 0x1_0000) {
      bytes[this.#length++] = type | 25;
      this.#view.setUint16(this.#length, argument);
      this.#length += 2;
    } else if (argument < two32) {
      bytes[this.#length++] = type | 26;
      this.#view.setUint32(this.#length, argument);
      this.#length += 4;
    } else {
      bytes[this.#length++] = type | 27;
      this.#view.setUint32(this.#length, Math.floor(argument / two32));
      this.#view.setUint32(this.#length + 4, argument % two32);
      this.#length += 8;
    }
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  #refused(reason: string): Error {
    const path = this.#trail.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
    return coreError("WE_CBOR_REFUSED", { reason, path: path === "" ? "the top" : path.replace(/^\./, "") });
  }
}

/** Keys in the order of their encodings. Most maps come from shapes, whose keys are in order already. */
function sortedKeys(map: object): readonly string[] {
  const keys = Object.keys(map);
  const compare = keys.every(isAscii) ? compareAscii : compareEncoded;
  for (let index = 1; index < keys.length; index += 1) {
    if (compare(keys[index - 1] ?? "", keys[index] ?? "") > 0) return keys.sort(compare);
  }
  return keys;
}

/** The length in bytes comes first in the encoding, then the bytes. */
function compareAscii(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareEncoded(left: string, right: string): number {
  const leftBytes = encodeUtf8(left);
  const rightBytes = encodeUtf8(right);
  if (leftBytes.length !== rightBytes.length) return leftBytes.length - rightBytes.length;
  const differs = leftBytes.findIndex((byte, index) => byte !== rightBytes[index]);
  return differs === -1 ? 0 : (leftBytes[differs] ?? 0) - (rightBytes[differs] ?? 0);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Decodes canonical CBOR and nothing else: every rule of the encoding is checked where it applies. */

import { decodeUtf8 } from "@wasm-engine/abi";
import { coreError } from "../errors.js";
import type { CborValue } from "./cbor.js";
import { Major, Simple, cborDepthMax, float16Bits, float16Value } from "./cbor-head.js";

const two32 = 0x1_0000_0000;
/** Text up to this length is tried as ASCII before the UTF-8 decoder is called. */
const asciiBytesMax = 64;

export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    // A plain view: `slice` of a Node buffer would not copy.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws {WE_CBOR_MALFORMED} */
  decode(): CborValue {
    const value = this.#value();
    if (this.#offset !== this.#bytes.length) throw this.#malformed("there are bytes after the value");
    return value;
  }

  #value(): CborValue {
    const initial = this.#take(1);
    const first = this.#bytes[initial] ?? 0;
    const major = first >>> 5;
    const information = first & 0x1f;
    if (major === Major.SIMPLE) return this.#simple(information);
    const argument = this.#argument(information);
    switch (major) {
      case Major.UNSIGNED:
        return argument;
      case Major.NEGATIVE:
        return this.#negative(argument);
      case Major.BYTES: {
        const start = this.#take(this.#length(argument));
        return this.#bytes.slice(start, this.#offset);
      }
      case Major.TEXT:
        return this.#text(this.#length(argument));
      case Major.LIST:
        return this.#nested(() => this.#list(this.#length(argument)));
      case Major.MAP:
        return this.#nested(() => this.#map(this.#length(argument)));
      default:
        throw this.#malformed("there are no tags");
    }
  }

  #argument(information: number): number | bigint {
    if (information < 24) return information;
    switch (information) {
      case 24:
        return this.#shortest(this.#view.getUint8(this.#take(1)), 24);
      case 25:
        return this.#shortest(this.#view.getUint16(this.#take(2)), 0x100);
      case 26:
        return this.#shortest(this.#view.getUint32(this.#take(4)), 0x1_0000);
      case 27: {
        const start = this.#take(8);
        const high = this.#view.getUint32(start);
        this.#shortest(high, 1);
        if (high > 0x1f_ffff) return this.#view.getBigUint64(start);
        return high * two32 + this.#view.getUint32(start + 4);
      }
      default:
        throw this.#malformed("lengths are definite");
    }
  }

  #shortest(argument: number, least: number): number {
    if (argument < least) throw this.#malformed("an argument is not in its shortest form");
    return argument;
  }

  #negative(argument: number | bigint): number | bigint {
    if (typeof argument === "number" && argument < Number.MAX_SAFE_INTEGER) return -1 - argument;
    const value = -1n - BigInt(argument);
    if (value < -0x8000_0000_0000_0000n) throw this.#malformed("an integer is beyond 64 bits");
    return value;
  }

  #length(argument: number | bigint): number {
    // Every element takes at least one byte, so a longer length is wrong before anything is allocated for it.
    if (typeof argument === "bigint" || argument > this.#bytes.length - this.#offset) {
      throw this.#malformed("a length goes beyond the end");
    }
    return argument;
  }

  #text(length: number): string {
    const start = this.#take(length);
    if (length <= asciiBytesMax) {
      let text = "";
      for (let index = start; ; index += 1) {
        if (index === this.#offset) return text;
        const byte = this.#bytes[index] ?? 0;
        if (byte > 0x7f) break;
        text += String.fromCharCode(byte);
      }
    }
    const text = decodeUtf8(this.#bytes.subarray(start, this.#offset));
    if (text === undefined) throw this.#malformed("text is not valid UTF-8");
    return text;
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > cborDepthMax) throw this.#malformed(`nesting is deeper than ${cborDepthMax}`);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #list(length: number): CborValue[] {
    const items: CborValue[] = [];
    for (let index = 0; index < length; index += 1) items.push(this.#value());
    return items;
  }

  #map(length: number): { [key: string]: CborValue } {
    const map: { [key: string]: CborValue } = {};
    let previousStart = -1;
    let previousEnd = -1;
    for (let index = 0; index < length; index += 1) {
      const start = this.#offset;
      const key = this.#value();
      if (typeof key !== "string") throw this.#malformed("a key is not text");
      if (index > 0 && !this.#ascends(previousStart, previousEnd, start, this.#offset)) {
        throw this.#malformed("keys are not in order, or twice");
      }
      previousStart = start;
      previousEnd = this.#offset;
      const value = this.#value();
      if (key === "__proto__") define(map, key, value);
      else map[key] = value;
    }
    return map;
  }

  /** True where the bytes of the left key sort before those of the right one. */
  #ascends(left: number, leftEnd: number, right: number, rightEnd: number): boolean {
    const length = Math.min(leftEnd - left, rightEnd - right);
    for (let index = 0; index < length; index += 1) {
      const difference = (this.#bytes[left + index] ?? 0) - (this.#bytes[right + index] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return leftEnd - left < rightEnd - right;
  }

  #simple(information: number): CborValue {
    switch (information) {
      case Simple.FALSE:
        return false;
      case Simple.TRUE:
        return true;
      case Simple.NULL:
        return null;
      case Simple.FLOAT16:
        return this.#float(float16Value(this.#view.getUint16(this.#take(2))));
      case Simple.FLOAT32: {
        const value = this.#float(this.#view.getFloat32(this.#take(4)));
        if (float16Bits(value) !== undefined) throw this.#malformed("a float is not in its shortest form");
        return value;
      }
      case Simple.FLOAT64: {
        const value = this.#float(this.#view.getFloat64(this.#take(8)));
        if (Math.fround(value) === value) throw this.#malformed("a float is not in its shortest form");
        return value;
      }
      default:
        throw this.#malformed(`there is no simple value ${information}`);
    }
  }

  #float(value: number): number {
    if (!Number.isFinite(value)) throw this.#malformed("a number is not finite");
    if (Number.isSafeInteger(value)) throw this.#malformed("a whole number is written as float");
    return value;
  }

  /** Offset of the next `length` bytes, which are taken. */
  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw this.#malformed("the bytes end inside a value");
    this.#offset += length;
    return start;
  }

  #malformed(reason: string): Error {
    return coreError("WE_CBOR_MALFORMED", { reason: `${reason} (offset ${this.#offset})` });
  }
}

/** A plain assignment of this name would change the prototype. */
function define(map: object, key: string, value: CborValue): void {
  Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true });
}

/**
 * Growing byte buffer that writes the binary format's primitives: bytes, LEB128 integers, names, sections.
 * It knows nothing about modules or instructions.
 */

import { assert } from "@wasm-engine/abi";

export class Encoder {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 256) {
    assert(capacityBytes > 0, "an encoder starts with some room");
    this.#bytes = new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
    return this;
  }

  /** Several bytes written out in the source: opcodes with their fixed immediates. */
  op(...values: readonly number[]): this {
    for (const value of values) this.byte(value);
    return this;
  }

  /** Unsigned LEB128 of a u32, in its shortest form. */
  u32(value: number): this {
    assert(value >= 0 && value <= 0xffff_ffff, "value fits u32");
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    return this.byte(rest);
  }

  /** Signed LEB128 of an i32, in its shortest form; for small values also the encoding of an i64 or s33. */
  s32(value: number): this {
    assert((value | 0) === value, "value fits i32");
    let rest = value;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      if (done) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  bytes(source: Uint8Array, start = 0, end: number = source.length): this {
    assert(start <= end && end <= source.length, "range lies inside the source");
    const count = end - start;
    if (this.#length + count > this.#bytes.length) this.#grow(count);
    this.#bytes.set(
      start === 0 && end === source.length ? source : source.subarray(start, end),
      this.#length,
    );
    this.#length += count;
    return this;
  }

  /** Appends what another encoder holds. */
  append(other: Encoder): this {
    return this.bytes(other.#bytes, 0, other.#length);
  }

  /** Name of ASCII characters: everything that this package itself adds is ASCII. */
  ascii(name: string): this {
    this.u32(name.length);
    for (let index = 0; index < name.length; index++) {
      const code = name.charCodeAt(index);
      assert(code < 0x80, "added names are ASCII");
      this.byte(code);
    }
    return this;
  }

  /** Section or body: content with its size before it. */
  sized(content: Encoder): this {
    return this.u32(content.length).append(content);
  }

  section(id: number, content: Encoder): this {
    return this.byte(id).sized(content);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(count: number): void {
    const needed = this.#length + count;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

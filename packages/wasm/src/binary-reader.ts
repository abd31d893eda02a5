/** Cursor over module bytes: fixed-size fields, LEB128, names. Every read is checked; it knows nothing of sections. */

import { decodeUtf8 } from "@wasm-engine/abi";
import type { EngineError } from "@wasm-engine/abi";
import { wasmError } from "./errors.js";

/** Error for bytes that do not follow the binary format. */
export function malformed(reason: string, offset: number): EngineError {
  return wasmError("WE_MODULE_MALFORMED", { reason, offset });
}

/**
 * Reads forward between `offset` and `end`.
 * @throws {WE_MODULE_MALFORMED} at the first byte that does not fit.
 */
export class BinaryReader {
  readonly bytes: Uint8Array;
  offset: number;
  end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    const value = this.offset < this.end ? this.bytes[this.offset] : undefined;
    if (value === undefined) throw malformed("unexpected end", this.offset);
    this.offset += 1;
    return value;
  }

  /** Skips `count` bytes and gives the offset of the first. */
  skip(count: number): number {
    const start = this.offset;
    if (count > this.end - start) throw malformed("unexpected end", this.end);
    this.offset = start + count;
    return start;
  }

  /**
   * Unsigned LEB128 of 32 bits: at most 5 bytes, unused bits zero. Padding within 5 bytes is allowed, as the
   * format does.
   */
  u32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    const start = this.offset - 1;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const next = this.byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value >>> 0;
    }
    const last = this.byte();
    if (last >= 0x80) throw malformed("integer representation too long", start);
    if (last > 0x0f) throw malformed("integer too large", start);
    return (value | (last << 28)) >>> 0;
  }

  /** Signed LEB128 of 32 bits. */
  s32(): number {
    const start = this.offset;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const next = this.byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return (value << (25 - shift)) >> (25 - shift);
    }
    const last = this.byte();
    if (last >= 0x80) throw malformed("integer representation too long", start);
    const sign = last & 0x78;
    if (sign !== 0 && sign !== 0x78) throw malformed("integer too large", start);
    return value | (last << 28);
  }

  /** Signed LEB128 of 33 bits, as block types use it. */
  s33(): number {
    const start = this.offset;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 4; count++) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      scale *= 0x80;
      if (next < 0x80) return next & 0x40 ? value - scale : value;
    }
    const last = this.byte();
    if (last >= 0x80) throw malformed("integer representation too long", start);
    const sign = last & 0x70;
    if (sign !== 0 && sign !== 0x70) throw malformed("integer too large", start);
    value += (last & 0x7f) * scale;
    return last & 0x40 ? value - scale * 0x80 : value;
  }

  /** Checks and skips a signed LEB128 of 64 bits. */
  skipS64(): void {
    const start = this.offset;
    for (let count = 0; count < 9; count++) if (this.byte() < 0x80) return;
    const last = this.byte();
    if (last >= 0x80) throw malformed("integer representation too long", start);
    if (last !== 0 && last !== 0x7f) throw malformed("integer too large", start);
  }

  /** Signed LEB128 of 64 bits. */
  s64(): bigint {
    const start = this.offset;
    this.skipS64();
    let value = 0n;
    let shift = 0n;
    for (let offset = start; offset < this.offset; offset++) {
      value |= BigInt((this.bytes[offset] ?? 0) & 0x7f) << shift;
      shift += 7n;
    }
    return BigInt.asIntN(64, BigInt.asIntN(Number(shift), value));
  }

  /** A name: length, then UTF-8. */
  name(): string {
    const length = this.u32();
    const start = this.skip(length);
    const text = decodeUtf8(this.bytes.subarray(start, start + length));
    if (text === undefined) throw malformed("malformed UTF-8 encoding", start);
    return text;
  }
}

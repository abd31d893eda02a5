/** Bytes that grow, and bytes that are read once: varints, runs of bytes and columns with their length before them. */

const u64Max = 0xffff_ffff_ffff_ffffn;
/** Below it numbers are exact, and faster than bigints. */
const smallMaxBigint = BigInt(Number.MAX_SAFE_INTEGER);
/** Bits of a varint that fit into a small integer. */
const smallShiftMax = 28;

/** Ends the reading with a coded error. */
export type Refuse = (reason: string) => never;

export class ColumnWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Unsigned LEB128. */
  varint(value: number | bigint): void {
    let large = typeof value === "bigint" ? value : 0n;
    while (large > smallMaxBigint) {
      this.byte(Number(large & 0x7fn) | 0x80);
      large >>= 7n;
    }
    let rest = typeof value === "bigint" ? Number(large) : value;
    while (rest > 0x7f) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Another column, its length first. */
  column(column: ColumnWriter): void {
    this.varint(column.length);
    this.raw(column.bytes());
  }

  /** What was written; valid until more is. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.bytes());
    this.#bytes = grown;
  }
}

export class ColumnReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: Refuse;
  #offset = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#refuse = refuse;
  }

  /** Of the next byte. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes that have been read already. */
  range(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) return this.#refuse("a column ends early");
    this.#offset += 1;
    return byte;
  }

  /** At most 64 bits, in the shortest form. */
  varint(): bigint {
    let small = 0;
    for (let shift = 0; shift < smallShiftMax; shift += 7) {
      const byte = this.byte();
      small |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) this.#refuse("a number is not in its shortest form");
      return BigInt(small);
    }
    let value = BigInt(small);
    for (let shift = BigInt(smallShiftMax); shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte === 0) return this.#refuse("a number is not in its shortest form");
      if (byte < 0x80) return value <= u64Max ? value : this.#refuse("a number has more than 64 bits");
    }
    return this.#refuse("a number has more than 64 bits");
  }

  /** A varint that counts something of which there are at most `limit`. */
  count(limit: number): number {
    const value = this.varint();
    return value <= BigInt(limit)
      ? Number(value)
      : this.#refuse(`a count of ${value} where ${limit} is the most`);
  }

  raw(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#offset) return this.#refuse("a column ends early");
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }

  column(): ColumnReader {
    return new ColumnReader(this.raw(this.count(this.#bytes.length)), this.#refuse);
  }
}

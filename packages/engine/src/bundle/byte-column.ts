/** Bytes that grow, and bytes that are read once: varints, runs of bytes and columns with their length before them. */

const u64Max = 0xffff_ffff_ffff_ffffn;

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
    let rest = BigInt(value);
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
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

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  byte(): number {
    return this.raw(1)[0] ?? 0;
  }

  /** At most 64 bits, in the shortest form. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte === 0 && shift > 0n) return this.#refuse("a number is not in its shortest form");
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

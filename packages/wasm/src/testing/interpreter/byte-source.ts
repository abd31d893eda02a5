/** Reads bytes, LEB128 numbers and names of the binary format. Trusts its input: modules are validated before. */

export class ByteSource {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    const byte = this.#view.getUint8(this.offset);
    this.offset += 1;
    return byte;
  }

  bytes(count: number): Uint8Array {
    this.offset += count;
    return this.#bytes.subarray(this.offset - count, this.offset);
  }

  u32(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** Signed number of up to 53 bits. */
  signed(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return byte >= 64 ? value - factor * 128 : value;
    }
  }

  s64(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, byte >= 64 ? value - (1n << (shift + 7n)) : value);
    }
  }

  /** Little-endian number of `width` bytes. */
  bits(width: number): bigint {
    return bitsOfBytes(this.bytes(width));
  }

  name(): string {
    return new TextDecoder("utf-8").decode(this.bytes(this.u32()));
  }

  list<T>(item: (index: number) => T): T[] {
    const count = this.u32();
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(item(index));
    return items;
  }
}

export function bitsOfBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of [...bytes].reverse()) value = (value << 8n) | BigInt(byte);
  return value;
}

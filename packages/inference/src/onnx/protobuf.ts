/**
 * Protocol buffers wire format, as far as ONNX files need it: varints, 32- and 64-bit words, length-delimited fields.
 * Writing gives one form per message; reading checks every bound and never copies. Knows nothing of ONNX.
 */

import { encodeUtf8 } from "@wasm-engine/abi";

/** Fields of one message under construction, in the order in which they are added. */
export class MessageWriter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** An int64 or uint64 field; negative values take ten bytes, as the format wants. */
  integer(field: number, value: number | bigint): this {
    this.#varint(BigInt(field) << 3n);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((BigInt(field) << 3n) | 5n);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((BigInt(field) << 3n) | 2n);
    this.#varint(BigInt(value.length));
    this.#push(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, encodeUtf8(value));
  }

  message(field: number, value: MessageWriter): this {
    this.#varint((BigInt(field) << 3n) | 2n);
    this.#varint(BigInt(value.#length));
    for (const chunk of value.#chunks) this.#push(chunk);
    return this;
  }

  /** Fields as they stand in another message. */
  raw(fields: Uint8Array): this {
    this.#push(fields);
    return this;
  }

  /** The fields of another message, at the same level. */
  append(other: MessageWriter): this {
    for (const chunk of other.#chunks) this.#push(chunk);
    return this;
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }

  #varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#push(Uint8Array.from(bytes));
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}

/** One field as it stands in a message. `bytes` aliases what was read; it is empty for varints. */
export interface Field {
  readonly number: number;
  readonly wire: 0 | 1 | 2 | 5;
  /** Where its tag stands in the message. */
  readonly start: number;
  /** Value of a varint, 0 otherwise. */
  readonly integer: bigint;
  readonly bytes: Uint8Array;
}

/** Why bytes are no message. Never leaves this folder: readers answer with its text. */
export class WireProblem extends Error {}

/** Fields of a message in file order. Throws {@link WireProblem} at the first byte that does not fit. */
export function* readFields(message: Uint8Array): Generator<Field, void> {
  let offset = 0;
  while (offset < message.length) {
    const start = offset;
    const tag = readVarint(message, offset);
    offset = tag.end;
    const number = Number(tag.value >> 3n);
    const wire = Number(tag.value & 7n);
    if (number < 1 || number > 536870911) throw new WireProblem(`field number ${number} at byte ${offset}`);
    if (wire === 0) {
      const { value, end } = readVarint(message, offset);
      offset = end;
      yield { number, wire, start, integer: value, bytes: message.subarray(0, 0) };
    } else if (wire === 1 || wire === 2 || wire === 5) {
      const sized = wire === 2 ? readVarint(message, offset) : { value: wire === 1 ? 8n : 4n, end: offset };
      const end = BigInt(sized.end) + sized.value;
      if (end > BigInt(message.length))
        throw new WireProblem(
          `field ${number} needs ${sized.value} bytes, ${message.length - sized.end} are left`,
        );
      offset = Number(end);
      yield { number, wire, start, integer: 0n, bytes: message.subarray(sized.end, offset) };
    } else {
      throw new WireProblem(`wire type ${wire} at byte ${offset}`);
    }
  }
}

/** Integers of a repeated field, packed or not. */
export function readIntegers(field: Field): bigint[] {
  if (field.wire === 0) return [field.integer];
  const values: bigint[] = [];
  for (let offset = 0; offset < field.bytes.length;) {
    const { value, end } = readVarint(field.bytes, offset);
    values.push(value);
    offset = end;
  }
  return values;
}

function readVarint(bytes: Uint8Array, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) throw new WireProblem(`a number is cut off at byte ${start + index}`);
    value |= BigInt(byte & 127) << BigInt(7 * index);
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: start + index + 1 };
  }
  throw new WireProblem(`a number of more than ten bytes at byte ${start}`);
}

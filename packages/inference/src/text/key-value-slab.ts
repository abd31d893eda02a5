/**
 * Keys and values of the generations that are decoded together. Per tensor one block of memory:
 *
 *   row 0: head 0: [width × size], head 1, …    row 1: …    (rows in use stand first, so a prefix is a batch)
 *
 * What lies behind a row's length is never read by a model; it may be left from another row.
 */

import { assert, elementBytes } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { KeyValuePort } from "./decoder-shape.js";

/** Keys and values of some tokens of one row, per tensor [heads, tokens, size]. */
export interface KeyValues {
  readonly tokens: number;
  readonly parts: readonly Uint8Array[];
}

export class KeyValueSlab {
  readonly width: number;
  readonly rows: number;
  readonly #ports: readonly KeyValuePort[];
  readonly #blocks: readonly Uint8Array[];

  constructor(
    ports: readonly KeyValuePort[],
    { width, rows }: { readonly width: number; readonly rows: number },
  ) {
    this.width = width;
    this.rows = rows;
    this.#ports = ports;
    this.#blocks = ports.map((port) => new Uint8Array(rows * port.heads * width * itemBytes(port)));
  }

  /** Places tokens of a row from `position` on. */
  write(row: number, position: number, { tokens, parts }: KeyValues): void {
    assert(row < this.rows && position + tokens <= this.width, "tokens are written inside of the slab");
    this.#ports.forEach((port, index) => {
      const block = this.#blocks[index];
      const part = parts[index];
      assert(block !== undefined && part !== undefined, "every tensor has its part");
      const bytes = tokens * itemBytes(port);
      for (let head = 0; head < port.heads; head += 1)
        block.set(part.subarray(head * bytes, (head + 1) * bytes), this.#offset(port, row, head, position));
    });
  }

  /** A copy of the first tokens of a row. */
  read(row: number, tokens: number): KeyValues {
    assert(row < this.rows && tokens <= this.width, "tokens are read inside of the slab");
    const parts = this.#ports.map((port, index) => {
      const bytes = tokens * itemBytes(port);
      const part = new Uint8Array(port.heads * bytes);
      for (let head = 0; head < port.heads; head += 1) {
        const start = this.#offset(port, row, head, 0);
        part.set(this.#blocks[index]?.subarray(start, start + bytes) ?? [], head * bytes);
      }
      return part;
    });
    return { tokens, parts };
  }

  /** The past of the first `rows` rows; aliases the slab. */
  past(rows: number): readonly TensorBlock[] {
    assert(rows <= this.rows, "a batch has rows of the slab");
    return this.#ports.map((port, index) => ({
      name: port.past,
      type: port.type,
      // What stands in one tensor with another is put beside it along a dimension of its own.
      dimensions: [...(port.merged === undefined ? [] : [1]), rows, port.heads, this.width, port.size],
      data: this.#blocks[index]?.subarray(0, this.#offset(port, rows, 0, 0)) ?? new Uint8Array(0),
    }));
  }

  #offset(port: KeyValuePort, row: number, head: number, position: number): number {
    return ((row * port.heads + head) * this.width + position) * itemBytes(port);
  }
}

/** The past of a row alone, from pieces that follow each other. */
export function joinedPast(
  ports: readonly KeyValuePort[],
  pieces: readonly KeyValues[],
): readonly TensorBlock[] {
  const width = pieces.reduce((sum, { tokens }) => sum + tokens, 0);
  const slab = new KeyValueSlab(ports, { width, rows: 1 });
  let position = 0;
  for (const piece of pieces) {
    slab.write(0, position, piece);
    position += piece.tokens;
  }
  return slab.past(1);
}

function itemBytes({ size, type }: KeyValuePort): number {
  return size * elementBytes(type);
}

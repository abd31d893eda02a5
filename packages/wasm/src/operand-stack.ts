/**
 * Abstract operand stack of reachable code: types, words, and for every value the instruction that produced it,
 * as far as that instruction may have made a NaN. Dead code never gets here, so nothing is polymorphic.
 */

import { assert } from "@wasm-engine/abi";
import { valueWords } from "./value-type.js";

/** Producer of a value whose NaN bits are final: canonical already, or never to be touched. */
export const SETTLED = -1;
/** Producer of a value that is a number, or canonical in every shape. */
export const NUMBER = -2;

/** Producer of what a local holds, while it is not yet known what that is. */
export function localValue(local: number): number {
  return NUMBER - 1 - local;
}

export function localOf(value: number): number {
  return NUMBER - 1 - value;
}

/** Producer of a value that may be a NaN: ordinal of the instruction and code of the shape (below 4). */
export function producerOf(ordinal: number, shape: number): number {
  return ordinal * 4 + shape;
}

export function ordinalOf(producer: number): number {
  return producer >> 2;
}

export function shapeOf(producer: number): number {
  return producer & 3;
}

export class OperandStack {
  #types = new Uint8Array(64);
  #producers = new Int32Array(64);
  #height = 0;
  #words = 0;
  /** Largest number of words since the last reset. */
  wordsMax = 0;

  get height(): number {
    return this.#height;
  }

  reset(): void {
    this.#height = 0;
    this.#words = 0;
    this.wordsMax = 0;
  }

  push(type: number, producer: number = SETTLED): void {
    if (this.#height === this.#types.length) this.#grow();
    this.#types[this.#height] = type;
    this.#producers[this.#height] = producer;
    this.#height += 1;
    this.#words += valueWords(type);
    if (this.#words > this.wordsMax) this.wordsMax = this.#words;
  }

  /** Removes the topmost value and gives its producer. */
  pop(): number {
    assert(this.#height > 0, "valid code never pops an empty stack");
    this.#height -= 1;
    this.#words -= valueWords(this.#types[this.#height] ?? 0);
    return this.#producers[this.#height] ?? SETTLED;
  }

  /** Type of the value `below` values under the topmost one. */
  typeAt(below: number): number {
    assert(below < this.#height, "the value exists");
    return this.#types[this.#height - 1 - below] ?? 0;
  }

  /** Producer of the value `below` values under the topmost one. */
  producerAt(below: number): number {
    assert(below < this.#height, "the value exists");
    return this.#producers[this.#height - 1 - below] ?? SETTLED;
  }

  /** Producer of the value `below` values under the topmost one; afterwards the value counts as settled. */
  settle(below: number): number {
    assert(below < this.#height, "the value exists");
    const index = this.#height - 1 - below;
    const producer = this.#producers[index] ?? SETTLED;
    this.#producers[index] = SETTLED;
    return producer;
  }

  /** Forgets everything above `height`. */
  truncate(height: number): void {
    assert(height <= this.#height, "truncation only removes");
    while (this.#height > height) this.pop();
  }

  #grow(): void {
    const types = new Uint8Array(this.#types.length * 2);
    types.set(this.#types);
    const producers = new Int32Array(types.length);
    producers.set(this.#producers);
    this.#types = types;
    this.#producers = producers;
  }
}

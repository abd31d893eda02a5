/**
 * Operand and control stack of the validation algorithm, with polymorphic operands in unreachable code. Flat
 * arrays that
 * live for a whole module: nothing is allocated per instruction, and nesting costs an entry, never a call.
 */

import type { EngineError } from "@wasm-engine/abi";
import { wasmError } from "./errors.js";
import type { ValueType } from "./value-type.js";
import { valueTypeName, valueWords } from "./value-type.js";

/** Operand of unreachable code that can be any type. */
export const UNKNOWN = 0;

/** What opened a control frame. */
export const FrameKind = { FUNCTION: 0, BLOCK: 1, LOOP: 2, IF: 3, ELSE: 4 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** A label and the operands around it. */
interface Frame {
  kind: FrameKind;
  parameters: readonly ValueType[];
  results: readonly ValueType[];
  height: number;
  words: number;
  unreachable: boolean;
}

const OPERANDS_INITIAL = 1024;

export class ValidationStack {
  /** Largest number of operand words of the function so far. */
  maxWords = 0;
  /** Operands pushed and popped, over all functions: a bound for the work done. */
  steps = 0;
  /** Place of the instruction at hand, for errors. */
  offset = 0;
  construct = "";
  #types = new Uint8Array(OPERANDS_INITIAL);
  #height = 0;
  #words = 0;
  readonly #frames: Frame[] = [];
  #depth = 0;

  /** Open control frames, that of the function included. */
  get depth(): number {
    return this.#depth;
  }

  /** Forgets a finished or failed function. */
  reset(): void {
    this.maxWords = 0;
    this.#height = 0;
    this.#words = 0;
    this.#depth = 0;
  }

  push(type: number): void {
    if (this.#height === this.#types.length) {
      const larger = new Uint8Array(this.#types.length * 2);
      larger.set(this.#types);
      this.#types = larger;
    }
    this.#types[this.#height] = type;
    this.#height += 1;
    this.#words += valueWords(type);
    if (this.#words > this.maxWords) this.maxWords = this.#words;
    this.steps += 1;
  }

  pushAll(types: readonly number[]): void {
    for (const type of types) this.push(type);
  }

  /** Any operand; `UNKNOWN` below the floor of unreachable code. */
  pop(expected: string): number {
    const frame = this.#top();
    this.steps += 1;
    if (this.#height === frame.height) {
      if (frame.unreachable) return UNKNOWN;
      throw this.mismatch(expected, "nothing");
    }
    this.#height -= 1;
    const type = this.#types[this.#height] ?? UNKNOWN;
    this.#words -= valueWords(type);
    return type;
  }

  popExpected(expected: ValueType): void {
    const frame = this.#top();
    this.steps += 1;
    if (this.#height === frame.height) {
      if (frame.unreachable) return;
      throw this.mismatch(valueTypeName(expected), "nothing");
    }
    this.#height -= 1;
    const type = this.#types[this.#height] ?? UNKNOWN;
    this.#words -= valueWords(type);
    if (type !== expected && type !== UNKNOWN) {
      throw this.mismatch(valueTypeName(expected), valueTypeName(type));
    }
  }

  /** Pops `types` from the last to the first. */
  popAll(types: readonly ValueType[]): void {
    for (let index = types.length - 1; index >= 0; index--) {
      const type = types[index];
      if (type !== undefined) this.popExpected(type);
    }
  }

  /** Checks the operands on top against `types` and leaves them as they are, unknown ones unknown. */
  checkTop(types: readonly ValueType[]): void {
    const frame = this.#top();
    this.steps += types.length;
    for (let index = types.length - 1; index >= 0; index--) {
      const expected = types[index] ?? UNKNOWN;
      const position = this.#height - (types.length - index);
      if (position < frame.height) {
        if (frame.unreachable) return;
        throw this.mismatch(valueTypeName(expected), "nothing");
      }
      const type = this.#types[position] ?? UNKNOWN;
      if (type !== expected && type !== UNKNOWN) {
        throw this.mismatch(valueTypeName(expected), valueTypeName(type));
      }
    }
  }

  /** Opens a frame; its parameters become its first operands. */
  open(kind: FrameKind, parameters: readonly ValueType[], results: readonly ValueType[]): void {
    const { height, words } = { height: this.#height, words: this.#words };
    const frame = this.#frames[this.#depth];
    if (frame === undefined) {
      this.#frames.push({ kind, parameters, results, height, words, unreachable: false });
    } else {
      Object.assign(frame, { kind, parameters, results, height, words, unreachable: false });
    }
    this.#depth += 1;
    this.pushAll(parameters);
  }

  /** Closes the innermost frame, which must hold exactly its results, and gives it. They are not pushed again. */
  close(): {
    readonly kind: FrameKind;
    readonly parameters: readonly ValueType[];
    readonly results: readonly ValueType[];
  } {
    const frame = this.#top();
    this.popAll(frame.results);
    if (this.#height !== frame.height) {
      throw this.mismatch("end of block", `${this.#height - frame.height} more operands`);
    }
    this.#words = frame.words;
    this.#depth -= 1;
    return frame;
  }

  /** The rest of the innermost frame cannot be reached: its operands are gone and anything may be popped. */
  unreachable(): void {
    const frame = this.#top();
    this.#height = frame.height;
    this.#words = frame.words;
    frame.unreachable = true;
  }

  /** Operands that a branch to label `index` takes: a loop's parameters, anything else's results. */
  labelTypes(index: number): readonly ValueType[] {
    const frame = index < this.#depth ? this.#frames[this.#depth - 1 - index] : undefined;
    if (frame === undefined) {
      const { offset, depth } = this;
      throw wasmError("WE_MODULE_UNKNOWN_INDEX", { space: "label", index, count: depth, offset });
    }
    return frame.kind === FrameKind.LOOP ? frame.parameters : frame.results;
  }

  /** Results of the function, which `return` takes. */
  functionResults(): readonly ValueType[] {
    return this.#frames[0]?.results ?? [];
  }

  mismatch(expected: string, actual: string): EngineError {
    const { offset, construct } = this;
    return wasmError("WE_MODULE_TYPE_MISMATCH", { offset, construct, expected, actual });
  }

  #top(): Frame {
    const frame = this.#frames[this.#depth - 1];
    if (frame === undefined) throw this.mismatch("an open block", "nothing");
    return frame;
  }
}

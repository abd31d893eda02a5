/**
 * Where NaN bits may stay as the engine made them: locals of one function that are written by producers and numbers
 * only. Such a local needs canonical bits where they are seen, not where they are made. A first walk over the function
 * tells what is written and seen; then each local is settled at its writes or at its reads, whichever runs less
 * often. A local that anything else is written to (a parameter, a load, a result of a call) holds bits that are final:
 * they are never touched, so everything is settled before it gets there.
 */

import { assert } from "@wasm-engine/abi";
import { NAN_NUMBERS, NAN_PRODUCERS, NO_SHAPE, constantIsNumber } from "./nan.js";
import { NUMBER, SETTLED, localOf, localValue, producerOf, shapeOf } from "./operand-stack.js";
import { ValueType } from "./value-type.js";

/** A copy from one candidate to another, with how often it may run. */
interface Copy {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

const { F32, F64, V128 } = ValueType;
/** Loops nested deeper count as this deep. */
const loopDepthMax = 8;

/** Guess of how often code in so many loops runs, compared with code outside of loops. */
export function loopWeight(depth: number): number {
  return 10 ** Math.min(depth, loopDepthMax);
}

/** Value that an instruction with fixed types gives. `at`: where its immediates begin. */
export function resultOf(
  op: number,
  ordinal: number,
  { bytes, at }: { bytes: Uint8Array; at: number },
): number {
  const shape = NAN_PRODUCERS[op] ?? NO_SHAPE;
  if (shape !== NO_SHAPE) return producerOf(ordinal, shape);
  return NAN_NUMBERS[op] === 1 || constantIsNumber(op, bytes, at) ? NUMBER : SETTLED;
}

/** Value that a select gives: of two that need the same care the chosen one needs it. Else both must be settled. */
export function choiceOf(first: number, second: number, ordinal: number): number {
  if (first === NUMBER && second === NUMBER) return NUMBER;
  const [producer, other] = [Math.max(first, second), Math.min(first, second)];
  const alike = other === NUMBER || (other >= 0 && shapeOf(other) === shapeOf(producer));
  return producer >= 0 && alike ? producerOf(ordinal, shapeOf(producer)) : SETTLED;
}

export class NanFlow {
  #surveying = false;
  /** Declared locals of float and vector types: those below `#first` are parameters. */
  #locals: Uint8Array = new Uint8Array(0);
  #first = 0;
  /** Shape of the NaN that a local may hold while it is not canonical; in the survey, of what was written so far. */
  #shapes: Int8Array = new Int8Array(0);
  /** Written with bits that are final. */
  #final: Uint8Array = new Uint8Array(0);
  /** How often producers are written, and how often bits are seen. */
  #written: Float64Array = new Float64Array(0);
  #seen: Float64Array = new Float64Array(0);
  readonly #copies: Copy[] = [];

  /** Begins a function. True: the code is to be walked once before {@link resolve}, and then again. */
  begin(locals: Uint8Array, parameters: number): boolean {
    this.#locals = locals;
    this.#first = parameters;
    this.#copies.length = 0;
    this.#surveying = locals.some((_, local) => this.#isCandidate(local));
    const count = this.#surveying ? locals.length : 0;
    this.#shapes = new Int8Array(count).fill(NO_SHAPE);
    this.#final = new Uint8Array(count);
    this.#written = new Float64Array(count);
    this.#seen = new Float64Array(count);
    return this.#surveying;
  }

  /** Value that reading a local gives. */
  read(local: number, ordinal: number): number {
    if (this.#surveying) return this.#isCandidate(local) ? localValue(local) : SETTLED;
    const shape = this.#shapes[local] ?? NO_SHAPE;
    return shape === NO_SHAPE ? SETTLED : producerOf(ordinal, shape);
  }

  /** A value is written. False: it must be settled before. */
  write(local: number, value: number, weight: number): boolean {
    if (!this.#surveying) {
      const shape = this.#shapes[local] ?? NO_SHAPE;
      assert(shape === NO_SHAPE || value < 0 || shapeOf(value) === shape, "the survey has seen all writes");
      return shape !== NO_SHAPE;
    }
    if (!this.#isCandidate(local)) return false;
    if (value === SETTLED) this.#final[local] = 1;
    else if (value >= 0) this.#define(local, shapeOf(value), weight);
    else if (value !== NUMBER) this.#copies.push({ from: localOf(value), to: local, weight });
    return true;
  }

  /** Bits of a value are seen. */
  see(value: number, weight: number): void {
    if (!this.#surveying || value >= NUMBER) return;
    const local = localOf(value);
    this.#seen[local] = (this.#seen[local] ?? 0) + weight;
  }

  /** Ends the survey and decides. */
  resolve(): void {
    assert(this.#surveying, "a survey has begun");
    this.#surveying = false;
    this.#propagate();
    for (const { from, to, weight } of this.#copies) {
      if (this.#final[to] === 1) this.#seen[from] = (this.#seen[from] ?? 0) + weight;
      else this.#written[to] = (this.#written[to] ?? 0) + weight;
    }
    for (let local = this.#first; local < this.#locals.length; local++) {
      const dear = (this.#seen[local] ?? 0) > (this.#written[local] ?? 0);
      if (dear || this.#final[local] === 1) this.#shapes[local] = NO_SHAPE;
    }
  }

  #isCandidate(local: number): boolean {
    const type = this.#locals[local];
    return local >= this.#first && (type === F32 || type === F64 || type === V128);
  }

  #define(local: number, shape: number, weight: number): void {
    const known = this.#shapes[local];
    if (known === NO_SHAPE) this.#shapes[local] = shape;
    else if (known !== shape) this.#final[local] = 1;
    this.#written[local] = (this.#written[local] ?? 0) + weight;
  }

  /** What is copied from a local is what was written to it. Every local changes at most twice. */
  #propagate(): void {
    const targets = new Map<number, number[]>();
    for (const { from, to } of this.#copies) {
      const known = targets.get(from);
      if (known === undefined) targets.set(from, [to]);
      else known.push(to);
    }
    const changed = [...targets.keys()];
    for (let from = changed.pop(); from !== undefined; from = changed.pop()) {
      for (const to of targets.get(from) ?? []) if (this.#receives(to, from)) changed.push(to);
    }
  }

  /** True where the copy tells something new about its target. */
  #receives(to: number, from: number): boolean {
    if (this.#final[to] === 1) return false;
    const shape = this.#shapes[from] ?? NO_SHAPE;
    const known = this.#shapes[to] ?? NO_SHAPE;
    const mixed = shape !== NO_SHAPE && known !== NO_SHAPE && shape !== known;
    if (this.#final[from] === 1 || mixed) {
      this.#final[to] = 1;
      return true;
    }
    if (shape === NO_SHAPE || known !== NO_SHAPE) return false;
    this.#shapes[to] = shape;
    return true;
  }
}

/**
 * Stores of float results that wait for each other: one test asks whether any of their values is a NaN, see
 * `store-writer.ts`. A store waits only over instructions that neither look at memory nor end the call nor change what
 * is seen behind a trap, and the order of stores stays. So nobody can tell.
 */

import { Mark, canonicalMark } from "./function-plan.js";
import { NAN_SHAPES } from "./nan.js";
import { OpByte } from "./op-byte.js";
import { OPCODES } from "./opcodes.js";
import type { CostClass, Opcode } from "./opcodes.js";
import { ordinalOf, shapeOf } from "./operand-stack.js";
import type { OperandStack } from "./operand-stack.js";

/** Values of stores that wait are alive together: more of them would cost registers. */
const waitingMax = 4;

const f32 = NAN_SHAPES.indexOf("f32");
const f64 = NAN_SHAPES.indexOf("f64");

const quietClasses: ReadonlySet<CostClass> = new Set<CostClass>([
  "basic",
  "rotate",
  "compare-float",
  "reinterpret",
  "multiply",
  "float",
  "copysign",
  "round",
  "resize-float",
  "float-divide",
  "square-root",
]);

function isQuiet({ op, name, cost }: Opcode): boolean {
  if (op === OpByte.NOP || op === OpByte.DROP || op === OpByte.GLOBAL_GET) return true;
  return quietClasses.has(cost) || /\.convert_i|^i\d\d\.trunc_sat/.test(name);
}

/** 1: a store may wait over it, by unified code. */
const QUIET: Uint8Array = new Uint8Array(
  OPCODES.map((opcode) => (opcode !== undefined && isQuiet(opcode) ? 1 : 0)),
);

interface WaitingStore {
  readonly ordinal: number;
  /** Its value. */
  readonly producer: number;
}

export class StoreGroups {
  readonly #marks: Uint16Array;
  readonly #waiting: WaitingStore[] = [];

  /** @param marks where the decisions are written, see {@link Mark} */
  constructor(marks: Uint16Array) {
    this.#marks = marks;
  }

  /** A live instruction comes, its operands still on the stack. The value of a store that joins counts as settled. */
  meet(op: number, ordinal: number, stack: OperandStack): void {
    if (op === OpByte.F32_STORE || op === OpByte.F64_STORE) {
      if (!this.#join(op === OpByte.F32_STORE ? f32 : f64, ordinal, stack.producerAt(0))) this.#close();
      else stack.settle(0);
    } else if (QUIET[op] !== 1 && this.#waiting.length > 0) {
      this.#close();
    }
  }

  #join(shape: number, ordinal: number, producer: number): boolean {
    if (producer < 0 || shapeOf(producer) !== shape) return false;
    if (((this.#marks[ordinalOf(producer)] ?? 0) & Mark.CANONICAL) !== 0) return false;
    const [first] = this.#waiting;
    const apart = first !== undefined && shapeOf(first.producer) !== shape;
    if (apart || this.#waiting.length === waitingMax) this.#close();
    this.#waiting.push({ ordinal, producer });
    return true;
  }

  #close(): void {
    const last = this.#waiting.pop();
    if (last === undefined) return;
    if (this.#waiting.length === 0)
      this.#mark(ordinalOf(last.producer), canonicalMark(shapeOf(last.producer)));
    else this.#mark(last.ordinal, Mark.STORES);
    for (const { ordinal } of this.#waiting) this.#mark(ordinal, Mark.WAITS);
    this.#waiting.length = 0;
  }

  #mark(ordinal: number, mark: number): void {
    this.#marks[ordinal] = (this.#marks[ordinal] ?? 0) | mark;
  }
}

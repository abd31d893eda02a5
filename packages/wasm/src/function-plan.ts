/** What instrumentation has decided about one function before writing a byte of it: `function-planner.ts` fills it. */

import type { Charges } from "./charge-placement.js";

/** Bits per instruction, in the order of the code. */
export const Mark = {
  /** Control can reach the instruction. */
  LIVE: 1,
  /** The instruction is written: live, or the `else` or `end` of a live construct. Everything else is dropped. */
  KEPT: 2,
  /** A NaN that this instruction makes or passes on must be made canonical. */
  CANONICAL: 4,
  /** `end`: control arrives from more than one place. `loop`: something branches to it. */
  JOIN: 8,
  /** `loop`: the counter is tested here. */
  TEST: 16,
  /** `loop`: it calls nothing, so that asking for fuel inside of it would cost it its registers. */
  TIGHT: 64,
  /** `end` of a live construct that control never leaves: the dropped code behind it is stood for by `unreachable`. */
  DEAD_AFTER: 32,
  /** Store of a float result: it is written with the next {@link Mark.STORES}. */
  WAITS: 512,
  /** Store of a float result: stores that wait are written before it, after one test for a NaN. */
  STORES: 1024,
} as const;

/** Where in a mark the shape of a canonical NaN lies: index in `NAN_SHAPES`. */
const shapeShift = 7;

/** Mark of an instruction whose result, of this shape, must be made canonical. */
export function canonicalMark(shape: number): number {
  return Mark.CANONICAL | (shape << shapeShift);
}

export function shapeOfMark(mark: number): number {
  return (mark >> shapeShift) & 3;
}

export interface FunctionPlan {
  /** Index in `module.code`. */
  readonly body: number;
  /** Bits of {@link Mark} per instruction. */
  readonly marks: Uint16Array;
  readonly charges: Charges;
  /** The function contains a call in reachable code: it pays depth and keeps the shared counter current. */
  readonly calls: boolean;
  /** Only direct calls of the module reach it: it can be given fuel and depth, see added-parameters.ts. */
  readonly inner: boolean;
  /** It changes or tests the counter, or calls what does. */
  readonly usesFuel: boolean;
  /** The function contains a loop that repeats. */
  readonly loops: boolean;
  /** br_if or br_table leave the function: its body needs a block to land behind. */
  readonly branchesOut: boolean;
  /** Logical size of the stack frame. */
  readonly frameBytes: number;
}

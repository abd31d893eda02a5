/**
 * Canonical NaN: which instructions can make a NaN whose bits the engine chooses, which can see the bits of one,
 * and the sequences that replace any NaN by the positive canonical one. Placement is decided in `function-plan.ts`.
 */

import { OPCODES, opOf } from "./opcodes.js";
import type { NanShape, Opcode } from "./opcodes.js";
import { ValueType } from "./value-type.js";

/** Shapes as numbers: index in {@link NAN_SHAPES}. */
export const NAN_SHAPES: readonly NanShape[] = ["f32", "f64", "f32x4", "f64x2"];
export const NO_SHAPE = -1;

function shapeCode(shape: NanShape | undefined): number {
  return shape === undefined ? NO_SHAPE : NAN_SHAPES.indexOf(shape);
}

const vectorSinks: Readonly<Record<string, NanShape>> = {
  "f64x2.promote_low_f32x4": "f32x4",
  "f32x4.demote_f64x2_zero": "f64x2",
  "i32x4.trunc_sat_f32x4_s": "f32x4",
  "i32x4.trunc_sat_f32x4_u": "f32x4",
  "i32x4.trunc_sat_f64x2_s_zero": "f64x2",
  "i32x4.trunc_sat_f64x2_u_zero": "f64x2",
};
const comparison = /^(f32x4|f64x2)\.(eq|ne|lt|gt|le|ge)$/;

function scalarSink(opcode: Opcode): NanShape | undefined {
  const [first] = opcode.operands ?? [];
  if (first !== ValueType.F32 && first !== ValueType.F64) return undefined;
  if (opcode.operands?.some((type) => type !== first) === true) return undefined;
  const result = opcode.results?.[0];
  const countsOnly =
    (result === ValueType.I32 || result === ValueType.I64) && !opcode.name.includes("reinterpret");
  if (!countsOnly && opcode.nan === undefined) return undefined;
  return first === ValueType.F32 ? "f32" : "f64";
}

function vectorSink(opcode: Opcode): NanShape | undefined {
  const listed = vectorSinks[opcode.name];
  if (listed !== undefined) return listed;
  if (opcode.nan === "f32x4" || opcode.nan === "f64x2") return opcode.nan;
  const shape = comparison.exec(opcode.name)?.[1];
  return shape === "f32x4" || shape === "f64x2" ? shape : undefined;
}

/**
 * Sinks by unified code: instructions whose results do not depend on sign or payload of a NaN operand, read in
 * this shape. They are the producers themselves (their own result is made canonical), comparisons and
 * truncations. abs, neg, copysign, pmin, pmax, select, moves and stores show the bits and are none.
 */
export const NAN_SINKS: Int8Array = new Int8Array(
  OPCODES.map((opcode) =>
    opcode === undefined ? NO_SHAPE : shapeCode(scalarSink(opcode) ?? vectorSink(opcode)),
  ),
);

/** Producers by unified code, with the shape of the NaN they make. */
export const NAN_PRODUCERS: Int8Array = new Int8Array(OPCODES.map((opcode) => shapeCode(opcode?.nan)));

/** 1: the result is a number, by unified code. */
export const NAN_NUMBERS: Uint8Array = new Uint8Array(
  OPCODES.map((opcode) => (opcode !== undefined && /^f(32|64)\.convert_i/.test(opcode.name) ? 1 : 0)),
);

const f32Const = opOf("f32.const");
const f64Const = opOf("f64.const");
const v128Const = opOf("v128.const");

/** True for a constant without NaN but canonical ones, in whatever shape it is read. `at`: its first byte. */
export function constantIsNumber(op: number, bytes: Uint8Array, at: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (op === f32Const) return singleIsNumber(view, at);
  if (op === f64Const) return doubleIsNumber(view, at);
  if (op !== v128Const) return false;
  const singles = [0, 4, 8, 12].every((lane) => singleIsNumber(view, at + lane));
  return singles && [0, 8].every((lane) => doubleIsNumber(view, at + lane));
}

function singleIsNumber(view: DataView, at: number): boolean {
  const bits = view.getUint32(at, true);
  return (bits & 0x7fff_ffff) <= 0x7f80_0000 || bits === 0x7fc0_0000;
}

function doubleIsNumber(view: DataView, at: number): boolean {
  const high = view.getUint32(at + 4, true);
  const low = view.getUint32(at, true);
  const magnitude = high & 0x7fff_ffff;
  if (magnitude < 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low === 0)) return true;
  return high === 0x7ff8_0000 && low === 0;
}

/** Bytes of the instructions around the scratch local of a shape. */
export interface CanonicalSequence {
  readonly type: ValueType;
  /** Pushes the canonical NaN, in every lane of a vector. */
  readonly canonical: readonly number[];
  /**
   * Compares the value with itself: false where it is a NaN. Of scalars it asks for less or equal, which the engine
   * answers by one jump; equality takes two.
   */
  readonly equal: readonly number[];
  /** Chooses between value, canonical NaN and the comparison on the stack. Scalars branch instead: a NaN is rare. */
  readonly choose: readonly number[] | undefined;
}

const nan32 = [0x00, 0x00, 0xc0, 0x7f];
const nan64 = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f];
const bitselect = [0xfd, 0x52];

export const CANONICAL: Readonly<Record<NanShape, CanonicalSequence>> = {
  f32: { type: ValueType.F32, canonical: [0x43, ...nan32], equal: [0x5f], choose: undefined },
  f64: { type: ValueType.F64, canonical: [0x44, ...nan64], equal: [0x65], choose: undefined },
  f32x4: {
    type: ValueType.V128,
    canonical: [0xfd, 0x0c, ...nan32, ...nan32, ...nan32, ...nan32],
    equal: [0xfd, 0x41],
    choose: bitselect,
  },
  f64x2: {
    type: ValueType.V128,
    canonical: [0xfd, 0x0c, ...nan64, ...nan64],
    equal: [0xfd, 0x47],
    choose: bitselect,
  },
};

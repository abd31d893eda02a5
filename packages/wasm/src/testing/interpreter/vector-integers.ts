/** Meaning of the integer instructions on vectors. */

import { countOnes } from "./integer-operations.js";
import {
  I16,
  I32,
  I64,
  I8,
  U16,
  U32,
  U64,
  U8,
  compare,
  gather,
  map1,
  map2,
  shift,
  summary,
} from "./lanes.js";
import type { Lane } from "./lanes.js";
import type { Operation } from "./operation.js";

type Pair = readonly [Lane<number>, Lane<number>];

function clamp(value: number, lane: Lane<number>, signed: boolean): number {
  const bits = lane.width * 8;
  const lowest = signed ? -(2 ** (bits - 1)) : 0;
  const highest = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  return Math.min(Math.max(value, lowest), highest);
}

function compares(first: number, [signed, unsigned]: Pair): Operation[] {
  return [
    compare(first, signed, "eq", (a, b) => a === b),
    compare(first + 1, signed, "ne", (a, b) => a !== b),
    compare(first + 2, signed, "lt_s", (a, b) => a < b),
    compare(first + 3, unsigned, "lt_u", (a, b) => a < b),
    compare(first + 4, signed, "gt_s", (a, b) => a > b),
    compare(first + 5, unsigned, "gt_u", (a, b) => a > b),
    compare(first + 6, signed, "le_s", (a, b) => a <= b),
    compare(first + 7, unsigned, "le_u", (a, b) => a <= b),
    compare(first + 8, signed, "ge_s", (a, b) => a >= b),
    compare(first + 9, unsigned, "ge_u", (a, b) => a >= b),
  ];
}

function minimumAndMaximum(first: number, [signed, unsigned]: Pair): Operation[] {
  return [
    map2(first, signed, "min_s", (a, b) => Math.min(a, b)),
    map2(first + 1, unsigned, "min_u", (a, b) => Math.min(a, b)),
    map2(first + 2, signed, "max_s", (a, b) => Math.max(a, b)),
    map2(first + 3, unsigned, "max_u", (a, b) => Math.max(a, b)),
  ];
}

function shifts(first: number, [signed, unsigned]: Pair): Operation[] {
  return [
    shift(first, signed, "shl", (a, count) => a << count),
    shift(first + 1, signed, "shr_s", (a, count) => a >> count),
    shift(first + 2, unsigned, "shr_u", (a, count) => a >>> count),
  ];
}

/** all_true and bitmask. */
function tests(first: number, lane: Lane<number> | Lane<bigint>): Operation[] {
  return [
    summary(first, `${lane.shape}.all_true`, lane, (lanes) =>
      lanes.every((value) => Number(value) !== 0) ? 1 : 0,
    ),
    summary(first + 1, `${lane.shape}.bitmask`, lane, (lanes) =>
      lanes.reduce<number>((mask, value, index) => mask | (value < 0 ? 1 << index : 0), 0),
    ),
  ];
}

function saturating(first: number, [signed, unsigned]: Pair): Operation[] {
  return [
    map2(first, signed, "add", (a, b) => a + b),
    map2(first + 1, signed, "add_sat_s", (a, b) => clamp(a + b, signed, true)),
    map2(first + 2, unsigned, "add_sat_u", (a, b) => clamp(a + b, signed, false)),
    map2(first + 3, signed, "sub", (a, b) => a - b),
    map2(first + 4, signed, "sub_sat_s", (a, b) => clamp(a - b, signed, true)),
    map2(first + 5, unsigned, "sub_sat_u", (a, b) => clamp(a - b, signed, false)),
  ];
}

/** Both operands' signed lanes to half the width. */
function narrows(first: number, from: Lane<number>, to: Lane<number>): Operation[] {
  const half = 8 / from.width;
  const narrow = (code: number, sign: "s" | "u"): Operation =>
    gather(code, `${to.shape}.narrow_${from.shape}_${sign}`, 2, from, to, (vectors, index) => {
      const operand = index < 2 * half ? 0 : 1;
      return clamp(vectors[operand]?.[index - operand * 2 * half] ?? 0, to, sign === "s");
    });
  return [narrow(first, "s"), narrow(first + 1, "u")];
}

/** The lower or upper half of the lanes to twice the width. */
function extend<T extends number | bigint>(
  code: number,
  name: string,
  from: Lane<number>,
  to: Lane<T>,
  convert: (value: number) => T,
): Operation {
  const skipped = name.includes("high") ? 8 / from.width : 0;
  return gather(code, `${to.shape}.${name}`, 1, from, to, ([lanes], index) =>
    convert(lanes?.[index + skipped] ?? 0),
  );
}

function widenings<T extends number | bigint>(
  first: number,
  [signed, unsigned]: Pair,
  to: Lane<T>,
  convert: (value: number) => T,
): Operation[] {
  const { shape } = signed;
  return [
    extend(first, `extend_low_${shape}_s`, signed, to, convert),
    extend(first + 1, `extend_high_${shape}_s`, signed, to, convert),
    extend(first + 2, `extend_low_${shape}_u`, unsigned, to, convert),
    extend(first + 3, `extend_high_${shape}_u`, unsigned, to, convert),
  ];
}

function products<T extends number | bigint>(
  first: number,
  [signed, unsigned]: Pair,
  to: Lane<T>,
  multiply: (a: number, b: number) => T,
): Operation[] {
  const product = (code: number, half: "low" | "high", sign: "s" | "u"): Operation => {
    const from = sign === "s" ? signed : unsigned;
    const skipped = half === "high" ? 8 / from.width : 0;
    const name = `${to.shape}.extmul_${half}_${from.shape}_${sign}`;
    return gather(code, name, 2, from, to, ([a, b], index) =>
      multiply(a?.[index + skipped] ?? 0, b?.[index + skipped] ?? 0),
    );
  };
  return [
    product(first, "low", "s"),
    product(first + 1, "high", "s"),
    product(first + 2, "low", "u"),
    product(first + 3, "high", "u"),
  ];
}

function pairwise(first: number, [signed, unsigned]: Pair, to: Lane<number>): Operation[] {
  const sums = (code: number, from: Lane<number>, sign: "s" | "u"): Operation =>
    gather(code, `${to.shape}.extadd_pairwise_${from.shape}_${sign}`, 1, from, to, ([lanes], index) => {
      return (lanes?.[2 * index] ?? 0) + (lanes?.[2 * index + 1] ?? 0);
    });
  return [sums(first, signed, "s"), sums(first + 1, unsigned, "u")];
}

const bytes: Pair = [I8, U8];
const shorts: Pair = [I16, U16];
const words: Pair = [I32, U32];

/** Rounded product of fixed-point numbers with 15 fractional bits. */
function q15(a: number, b: number): number {
  return clamp((a * b + 0x4000) >> 15, I16, true);
}

const i8x16: readonly Operation[] = [
  ...compares(0x23, bytes),
  map1(0x60, I8, "abs", (a) => Math.abs(a)),
  map1(0x61, I8, "neg", (a) => -a),
  map1(0x62, U8, "popcnt", countOnes),
  ...tests(0x63, I8),
  ...narrows(0x65, I16, I8),
  ...shifts(0x6b, bytes),
  ...saturating(0x6e, bytes),
  ...minimumAndMaximum(0x76, bytes),
  map2(0x7b, U8, "avgr_u", (a, b) => (a + b + 1) >> 1),
];

const i16x8: readonly Operation[] = [
  ...compares(0x2d, shorts),
  ...pairwise(0x7c, bytes, I16),
  map1(0x80, I16, "abs", (a) => Math.abs(a)),
  map1(0x81, I16, "neg", (a) => -a),
  map2(0x82, I16, "q15mulr_sat_s", q15),
  ...tests(0x83, I16),
  ...narrows(0x85, I32, I16),
  ...widenings(0x87, bytes, I16, (value) => value),
  ...shifts(0x8b, shorts),
  ...saturating(0x8e, shorts),
  map2(0x95, I16, "mul", (a, b) => Math.imul(a, b)),
  ...minimumAndMaximum(0x96, shorts),
  map2(0x9b, U16, "avgr_u", (a, b) => (a + b + 1) >> 1),
  ...products(0x9c, bytes, I16, (a, b) => a * b),
];

const i32x4: readonly Operation[] = [
  ...compares(0x37, words),
  ...pairwise(0x7e, shorts, I32),
  map1(0xa0, I32, "abs", (a) => Math.abs(a)),
  map1(0xa1, I32, "neg", (a) => -a),
  ...tests(0xa3, I32),
  ...widenings(0xa7, shorts, I32, (value) => value),
  ...shifts(0xab, words),
  map2(0xae, I32, "add", (a, b) => a + b),
  map2(0xb1, I32, "sub", (a, b) => a - b),
  map2(0xb5, I32, "mul", (a, b) => Math.imul(a, b)),
  ...minimumAndMaximum(0xb6, words),
  gather(0xba, "i32x4.dot_i16x8_s", 2, I16, I32, ([a, b], index) => {
    const [first, second] = [2 * index, 2 * index + 1];
    return (a?.[first] ?? 0) * (b?.[first] ?? 0) + (a?.[second] ?? 0) * (b?.[second] ?? 0);
  }),
  ...products(0xbc, shorts, I32, (a, b) => a * b),
];

const absolute = (a: bigint): bigint => (a < 0n ? -a : a);

const i64x2: readonly Operation[] = [
  map1(0xc0, I64, "abs", absolute),
  map1(0xc1, I64, "neg", (a) => -a),
  ...tests(0xc3, I64),
  ...widenings(0xc7, words, I64, BigInt),
  shift(0xcb, I64, "shl", (a, count) => a << BigInt(count)),
  shift(0xcc, I64, "shr_s", (a, count) => a >> BigInt(count)),
  shift(0xcd, U64, "shr_u", (a, count) => a >> BigInt(count)),
  map2(0xce, I64, "add", (a, b) => a + b),
  map2(0xd1, I64, "sub", (a, b) => a - b),
  map2(0xd5, I64, "mul", (a, b) => a * b),
  compare(0xd6, I64, "eq", (a, b) => a === b),
  compare(0xd7, I64, "ne", (a, b) => a !== b),
  compare(0xd8, I64, "lt_s", (a, b) => a < b),
  compare(0xd9, I64, "gt_s", (a, b) => a > b),
  compare(0xda, I64, "le_s", (a, b) => a <= b),
  compare(0xdb, I64, "ge_s", (a, b) => a >= b),
  ...products(0xdc, words, I64, (a, b) => BigInt(a) * BigInt(b)),
];

const bitwise: readonly Operation[] = [
  map1(0x4d, { ...U64, shape: "v128" }, "not", (a) => ~a),
  map2(0x4e, { ...U64, shape: "v128" }, "and", (a, b) => a & b),
  map2(0x4f, { ...U64, shape: "v128" }, "andnot", (a, b) => a & ~b),
  map2(0x50, { ...U64, shape: "v128" }, "or", (a, b) => a | b),
  map2(0x51, { ...U64, shape: "v128" }, "xor", (a, b) => a ^ b),
  gather(0x52, "v128.bitselect", 3, U64, U64, ([a, b, mask], index) => {
    const chosen = mask?.[index] ?? 0n;
    return ((a?.[index] ?? 0n) & chosen) | ((b?.[index] ?? 0n) & ~chosen);
  }),
  summary(0x53, "v128.any_true", U64, (lanes) => (lanes.some((value) => value !== 0n) ? 1 : 0)),
];

export const VECTOR_INTEGERS: readonly Operation[] = [...i8x16, ...i16x8, ...i32x4, ...i64x2, ...bitwise];

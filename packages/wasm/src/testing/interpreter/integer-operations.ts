/** Meaning of the scalar integer instructions. i64 is BigInt: slow and plain. */

import { SLOT_BYTES, operation, row } from "./operation.js";
import type { Operation } from "./operation.js";
import { Trap } from "./value.js";

type Unary32 = (a: number) => number;
type Binary32 = (a: number, b: number) => number;
type Unary64 = (a: bigint) => bigint;
type Binary64 = (a: bigint, b: bigint) => bigint;
type Compare64 = (a: bigint, b: bigint) => boolean;

function unary32(code: number, name: string, f: Unary32): Operation {
  return operation(code, `i32.${name}`, "i:i", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    view.setInt32(at, f(view.getInt32(at, true)), true);
  });
}

/** Signed operands. */
function binary32(code: number, name: string, f: Binary32): Operation {
  return operation(code, `i32.${name}`, "ii:i", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    view.setInt32(at, f(view.getInt32(at, true), view.getInt32(machine.top, true)), true);
  });
}

/** Unsigned operands. */
function unsigned32(code: number, name: string, f: Binary32): Operation {
  return binary32(code, name, (a, b) => f(a >>> 0, b >>> 0));
}

function unary64(code: number, name: string, f: Unary64): Operation {
  return operation(code, `i64.${name}`, "l:l", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    view.setBigInt64(at, f(view.getBigInt64(at, true)), true);
  });
}

/** Signed operands; the result is taken modulo 2^64. */
function binary64(code: number, name: string, f: Binary64): Operation {
  return operation(code, `i64.${name}`, "ll:l", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    view.setBigInt64(at, f(view.getBigInt64(at, true), view.getBigInt64(machine.top, true)), true);
  });
}

function unsigned64(code: number, name: string, f: Binary64): Operation {
  return binary64(code, name, (a, b) => f(BigInt.asUintN(64, a), BigInt.asUintN(64, b)));
}

function compare64(code: number, name: string, f: Compare64): Operation {
  return operation(code, `i64.${name}`, "ll:i", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    view.setInt32(at, f(view.getBigInt64(at, true), view.getBigInt64(machine.top, true)) ? 1 : 0, true);
  });
}

function unsignedCompare64(code: number, name: string, f: Compare64): Operation {
  return compare64(code, name, (a, b) => f(BigInt.asUintN(64, a), BigInt.asUintN(64, b)));
}

function countTrailing(value: number): number {
  return value === 0 ? 32 : 31 - Math.clz32(value & -value);
}

function rotate32(value: number, by: number): number {
  const count = by & 31;
  return count === 0 ? value : (value << count) | (value >>> (32 - count));
}

export function countOnes(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count += 1;
  return count;
}

function leadingZeros64(value: bigint): bigint {
  const unsigned = BigInt.asUintN(64, value);
  return unsigned === 0n ? 64n : BigInt(64 - unsigned.toString(2).length);
}

function trailingZeros64(value: bigint): bigint {
  const digits = BigInt.asUintN(64, value).toString(2);
  return value === 0n ? 64n : BigInt(digits.length - 1 - digits.lastIndexOf("1"));
}

function ones64(value: bigint): bigint {
  return BigInt([...BigInt.asUintN(64, value).toString(2)].filter((digit) => digit === "1").length);
}

function rotate64(value: bigint, by: bigint): bigint {
  const unsigned = BigInt.asUintN(64, value);
  const count = BigInt.asUintN(6, by);
  return BigInt.asIntN(64, (unsigned << count) | (unsigned >> (64n - count)));
}

function nonZero<T extends number | bigint>(
  divisor: T,
  kind: "integer divide by zero" | "integer remainder by zero",
): T {
  if (Number(divisor) === 0) throw new Trap(kind);
  return divisor;
}

function divide32(a: number, b: number): number {
  nonZero(b, "integer divide by zero");
  if (a === -0x8000_0000 && b === -1) throw new Trap("integer overflow");
  return Math.trunc(a / b);
}

function divide64(a: bigint, b: bigint): bigint {
  nonZero(b, "integer divide by zero");
  if (a === -(1n << 63n) && b === -1n) throw new Trap("integer overflow");
  return a / b;
}

const bit = (truth: boolean): number => (truth ? 1 : 0);

const operations32: readonly Operation[] = [
  unary32(0x45, "eqz", (a) => bit(a === 0)),
  ...row<Binary32>(0x46, binary32, [
    ["eq", (a, b) => bit(a === b)],
    ["ne", (a, b) => bit(a !== b)],
    ["lt_s", (a, b) => bit(a < b)],
  ]),
  unsigned32(0x49, "lt_u", (a, b) => bit(a < b)),
  binary32(0x4a, "gt_s", (a, b) => bit(a > b)),
  unsigned32(0x4b, "gt_u", (a, b) => bit(a > b)),
  binary32(0x4c, "le_s", (a, b) => bit(a <= b)),
  unsigned32(0x4d, "le_u", (a, b) => bit(a <= b)),
  binary32(0x4e, "ge_s", (a, b) => bit(a >= b)),
  unsigned32(0x4f, "ge_u", (a, b) => bit(a >= b)),
  ...row<Unary32>(0x67, unary32, [
    ["clz", (a) => Math.clz32(a)],
    ["ctz", countTrailing],
    ["popcnt", countOnes],
  ]),
  ...row<Binary32>(0x6a, binary32, [
    ["add", (a, b) => a + b],
    ["sub", (a, b) => a - b],
    ["mul", (a, b) => Math.imul(a, b)],
    ["div_s", divide32],
  ]),
  unsigned32(0x6e, "div_u", (a, b) => Math.floor(a / nonZero(b, "integer divide by zero"))),
  binary32(0x6f, "rem_s", (a, b) => a % nonZero(b, "integer remainder by zero")),
  unsigned32(0x70, "rem_u", (a, b) => a % nonZero(b, "integer remainder by zero")),
  ...row<Binary32>(0x71, binary32, [
    ["and", (a, b) => a & b],
    ["or", (a, b) => a | b],
    ["xor", (a, b) => a ^ b],
    ["shl", (a, b) => a << b],
    ["shr_s", (a, b) => a >> b],
    ["shr_u", (a, b) => a >>> b],
    ["rotl", rotate32],
    ["rotr", (a, b) => rotate32(a, -b)],
  ]),
  ...row<Unary32>(0xc0, unary32, [
    ["extend8_s", (a) => (a << 24) >> 24],
    ["extend16_s", (a) => (a << 16) >> 16],
  ]),
];

const operations64: readonly Operation[] = [
  operation(0x50, "i64.eqz", "l:i", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    view.setInt32(at, bit(view.getBigInt64(at, true) === 0n), true);
  }),
  compare64(0x51, "eq", (a, b) => a === b),
  compare64(0x52, "ne", (a, b) => a !== b),
  compare64(0x53, "lt_s", (a, b) => a < b),
  unsignedCompare64(0x54, "lt_u", (a, b) => a < b),
  compare64(0x55, "gt_s", (a, b) => a > b),
  unsignedCompare64(0x56, "gt_u", (a, b) => a > b),
  compare64(0x57, "le_s", (a, b) => a <= b),
  unsignedCompare64(0x58, "le_u", (a, b) => a <= b),
  compare64(0x59, "ge_s", (a, b) => a >= b),
  unsignedCompare64(0x5a, "ge_u", (a, b) => a >= b),
  ...row<Unary64>(0x79, unary64, [
    ["clz", leadingZeros64],
    ["ctz", trailingZeros64],
    ["popcnt", ones64],
  ]),
  ...row<Binary64>(0x7c, binary64, [
    ["add", (a, b) => a + b],
    ["sub", (a, b) => a - b],
    ["mul", (a, b) => a * b],
    ["div_s", divide64],
  ]),
  unsigned64(0x80, "div_u", (a, b) => a / nonZero(b, "integer divide by zero")),
  binary64(0x81, "rem_s", (a, b) => a % nonZero(b, "integer remainder by zero")),
  unsigned64(0x82, "rem_u", (a, b) => a % nonZero(b, "integer remainder by zero")),
  ...row<Binary64>(0x83, binary64, [
    ["and", (a, b) => a & b],
    ["or", (a, b) => a | b],
    ["xor", (a, b) => a ^ b],
    ["shl", (a, b) => a << BigInt.asUintN(6, b)],
    ["shr_s", (a, b) => a >> BigInt.asUintN(6, b)],
    ["shr_u", (a, b) => BigInt.asUintN(64, a) >> BigInt.asUintN(6, b)],
    ["rotl", rotate64],
    ["rotr", (a, b) => rotate64(a, -b)],
  ]),
  ...row<Unary64>(0xc2, unary64, [
    ["extend8_s", (a) => BigInt.asIntN(8, a)],
    ["extend16_s", (a) => BigInt.asIntN(16, a)],
    ["extend32_s", (a) => BigInt.asIntN(32, a)],
  ]),
];

export const INTEGER_OPERATIONS: readonly Operation[] = [...operations32, ...operations64];

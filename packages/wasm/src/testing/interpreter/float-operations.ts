/** Meaning of the scalar float instructions and of all conversions. Results of arithmetic have canonical NaN. */

import { integerToF32, maximum, minimum, nearest, saturate, saturate64 } from "./float-rounding.js";
import { FC, SLOT_BYTES, operation, putF32, putF64, row } from "./operation.js";
import type { Operation } from "./operation.js";
import { Trap } from "./value.js";

type Unary = (a: number) => number;
type Binary = (a: number, b: number) => number;
type Compare = (a: number, b: number) => boolean;

function unaryF32(code: number, name: string, f: Unary): Operation {
  return operation(code, `f32.${name}`, "f:f", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    putF32(view, at, f(view.getFloat32(at, true)));
  });
}

/** A double holds enough bits that rounding its result once more gives the exact f32 result. */
function binaryF32(code: number, name: string, f: Binary): Operation {
  return operation(code, `f32.${name}`, "ff:f", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    putF32(view, at, Math.fround(f(view.getFloat32(at, true), view.getFloat32(machine.top, true))));
  });
}

function compareF32(code: number, name: string, f: Compare): Operation {
  return operation(code, `f32.${name}`, "ff:i", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    view.setInt32(at, f(view.getFloat32(at, true), view.getFloat32(machine.top, true)) ? 1 : 0, true);
  });
}

function unaryF64(code: number, name: string, f: Unary): Operation {
  return operation(code, `f64.${name}`, "d:d", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    putF64(view, at, f(view.getFloat64(at, true)));
  });
}

function binaryF64(code: number, name: string, f: Binary): Operation {
  return operation(code, `f64.${name}`, "dd:d", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    putF64(view, at, f(view.getFloat64(at, true), view.getFloat64(machine.top, true)));
  });
}

function compareF64(code: number, name: string, f: Compare): Operation {
  return operation(code, `f64.${name}`, "dd:i", (machine) => {
    const { view } = machine;
    machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES;
    view.setInt32(at, f(view.getFloat64(at, true), view.getFloat64(machine.top, true)) ? 1 : 0, true);
  });
}

/** Works on the sign bit alone: the byte that holds it, of the result and of a second operand. */
function signF32(code: number, name: string, binary: boolean, f: Binary): Operation {
  return operation(code, `f32.${name}`, binary ? "ff:f" : "f:f", (machine) => {
    if (binary) machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES + 3;
    const { view } = machine;
    view.setUint8(at, f(view.getUint8(at), binary ? view.getUint8(machine.top + 3) : 0));
  });
}

function signF64(code: number, name: string, binary: boolean, f: Binary): Operation {
  return operation(code, `f64.${name}`, binary ? "dd:d" : "d:d", (machine) => {
    if (binary) machine.top -= SLOT_BYTES;
    const at = machine.top - SLOT_BYTES + 7;
    const { view } = machine;
    view.setUint8(at, f(view.getUint8(at), binary ? view.getUint8(machine.top + 7) : 0));
  });
}

const clearSign: Binary = (a) => a & 0x7f;
const flipSign: Binary = (a) => a ^ 0x80;
const copySign: Binary = (a, b) => (a & 0x7f) | (b & 0x80);

const compares: readonly (readonly [string, Compare])[] = [
  ["eq", (a, b) => a === b],
  ["ne", (a, b) => a !== b],
  ["lt", (a, b) => a < b],
  ["gt", (a, b) => a > b],
  ["le", (a, b) => a <= b],
  ["ge", (a, b) => a >= b],
];
const unaries: readonly (readonly [string, Unary])[] = [
  ["ceil", (a) => Math.ceil(a)],
  ["floor", (a) => Math.floor(a)],
  ["trunc", (a) => Math.trunc(a)],
  ["nearest", nearest],
];
const binaries: readonly (readonly [string, Binary])[] = [
  ["add", (a, b) => a + b],
  ["sub", (a, b) => a - b],
  ["mul", (a, b) => a * b],
  ["div", (a, b) => a / b],
  ["min", minimum],
  ["max", maximum],
];

const arithmetic: readonly Operation[] = [
  ...row(0x5b, compareF32, compares),
  ...row(0x61, compareF64, compares),
  signF32(0x8b, "abs", false, clearSign),
  signF32(0x8c, "neg", false, flipSign),
  ...row(0x8d, unaryF32, unaries),
  unaryF32(0x91, "sqrt", (a) => Math.fround(Math.sqrt(a))),
  ...row(0x92, binaryF32, binaries),
  signF32(0x98, "copysign", true, copySign),
  signF64(0x99, "abs", false, clearSign),
  signF64(0x9a, "neg", false, flipSign),
  ...row(0x9b, unaryF64, unaries),
  unaryF64(0x9f, "sqrt", (a) => Math.sqrt(a)),
  ...row(0xa0, binaryF64, binaries),
  signF64(0xa6, "copysign", true, copySign),
];

type Getter = (view: DataView, at: number) => number;
const f32: Getter = (view, at) => view.getFloat32(at, true);
const f64: Getter = (view, at) => view.getFloat64(at, true);
const i32Bounds = { s: [-(2 ** 31), 2 ** 31 - 1], u: [0, 2 ** 32 - 1] } as const;
const i64Bounds = { s: [-(2n ** 63n), 2n ** 63n - 1n], u: [0n, 2n ** 64n - 1n] } as const;

/** Truncation to i32; what does not fit traps, or saturates. */
function toI32(code: number, from: "f32" | "f64", sign: "s" | "u", saturates: boolean): Operation {
  const get = from === "f32" ? f32 : f64;
  const [lowest, highest] = i32Bounds[sign];
  const name = `i32.trunc${saturates ? "_sat" : ""}_${from}_${sign}`;
  return operation(code, name, from === "f32" ? "f:i" : "d:i", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    const value = get(view, at);
    const whole = saturate(value, lowest, highest);
    if (!saturates && (Number.isNaN(value) || whole !== Math.trunc(value))) {
      throw new Trap("invalid conversion to integer");
    }
    view.setUint32(at, whole, true);
  });
}

function toI64(code: number, from: "f32" | "f64", sign: "s" | "u", saturates: boolean): Operation {
  const get = from === "f32" ? f32 : f64;
  const [lowest, highest] = i64Bounds[sign];
  const name = `i64.trunc${saturates ? "_sat" : ""}_${from}_${sign}`;
  return operation(code, name, from === "f32" ? "f:l" : "d:l", ({ view, top }) => {
    const at = top - SLOT_BYTES;
    const value = get(view, at);
    const whole = saturate64(value, lowest, highest);
    if (!saturates && (!Number.isFinite(value) || whole !== BigInt(Math.trunc(value)))) {
      throw new Trap("invalid conversion to integer");
    }
    view.setBigInt64(at, BigInt.asIntN(64, whole), true);
  });
}

/** A conversion that reads and writes the topmost slot. */
function convert(
  code: number,
  name: string,
  types: string,
  f: (view: DataView, at: number) => void,
): Operation {
  return operation(code, name, types, ({ view, top }) => {
    f(view, top - SLOT_BYTES);
  });
}

const sources = ["f32", "f64"] as const;
const signs = ["s", "u"] as const;
const pairs = sources.flatMap((from) => signs.map((sign) => ({ from, sign })));

const conversions: readonly Operation[] = [
  convert(0xa7, "i32.wrap_i64", "l:i", () => undefined),
  ...pairs.map(({ from, sign }, index) => toI32(0xa8 + index, from, sign, false)),
  convert(0xac, "i64.extend_i32_s", "i:l", (view, at) => {
    view.setBigInt64(at, BigInt(view.getInt32(at, true)), true);
  }),
  convert(0xad, "i64.extend_i32_u", "i:l", (view, at) => {
    view.setUint32(at + 4, 0, true);
  }),
  ...pairs.map(({ from, sign }, index) => toI64(0xae + index, from, sign, false)),
  convert(0xb2, "f32.convert_i32_s", "i:f", (view, at) => {
    putF32(view, at, view.getInt32(at, true));
  }),
  convert(0xb3, "f32.convert_i32_u", "i:f", (view, at) => {
    putF32(view, at, view.getUint32(at, true));
  }),
  convert(0xb4, "f32.convert_i64_s", "l:f", (view, at) => {
    putF32(view, at, integerToF32(view.getBigInt64(at, true)));
  }),
  convert(0xb5, "f32.convert_i64_u", "l:f", (view, at) => {
    putF32(view, at, integerToF32(view.getBigUint64(at, true)));
  }),
  convert(0xb6, "f32.demote_f64", "d:f", (view, at) => {
    putF32(view, at, view.getFloat64(at, true));
  }),
  convert(0xb7, "f64.convert_i32_s", "i:d", (view, at) => {
    putF64(view, at, view.getInt32(at, true));
  }),
  convert(0xb8, "f64.convert_i32_u", "i:d", (view, at) => {
    putF64(view, at, view.getUint32(at, true));
  }),
  convert(0xb9, "f64.convert_i64_s", "l:d", (view, at) => {
    putF64(view, at, Number(view.getBigInt64(at, true)));
  }),
  convert(0xba, "f64.convert_i64_u", "l:d", (view, at) => {
    putF64(view, at, Number(view.getBigUint64(at, true)));
  }),
  convert(0xbb, "f64.promote_f32", "f:d", (view, at) => {
    putF64(view, at, view.getFloat32(at, true));
  }),
  convert(0xbc, "i32.reinterpret_f32", "f:i", () => undefined),
  convert(0xbd, "i64.reinterpret_f64", "d:l", () => undefined),
  convert(0xbe, "f32.reinterpret_i32", "i:f", () => undefined),
  convert(0xbf, "f64.reinterpret_i64", "l:d", () => undefined),
  ...pairs.map(({ from, sign }, index) => toI32(FC + index, from, sign, true)),
  ...pairs.map(({ from, sign }, index) => toI64(FC + 4 + index, from, sign, true)),
];

export const FLOAT_OPERATIONS: readonly Operation[] = [...arithmetic, ...conversions];

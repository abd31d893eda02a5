/** Meaning of the vector instructions: floats, conversions, lanes, memory. */

import { maximum, minimum, nearest, saturate } from "./float-rounding.js";
import {
  F32,
  F64,
  I16,
  I32,
  I64,
  I8,
  U32,
  U8,
  choose,
  compare,
  copyBytes,
  fillBytes,
  gather,
} from "./lanes.js";
import { map1, map2 } from "./lanes.js";
import type { Lane } from "./lanes.js";
import { FD, SLOT_BYTES, addressOf, memoryOf, operation } from "./operation.js";
import type { Operation } from "./operation.js";
import { VECTOR_INTEGERS } from "./vector-integers.js";

type Round = (value: number) => number;

function compares(first: number, lane: Lane<number>): Operation[] {
  return [
    compare(first, lane, "eq", (a, b) => a === b),
    compare(first + 1, lane, "ne", (a, b) => a !== b),
    compare(first + 2, lane, "lt", (a, b) => a < b),
    compare(first + 3, lane, "gt", (a, b) => a > b),
    compare(first + 4, lane, "le", (a, b) => a <= b),
    compare(first + 5, lane, "ge", (a, b) => a >= b),
  ];
}

/** Writes bits as they are. */
function signs(first: number, lane: Lane<number>): Operation[] {
  const sign = (code: number, name: string, f: (byte: number) => number): Operation =>
    operation(FD + code, `${lane.shape}.${name}`, "v:v", ({ view, top }) => {
      for (let at = top - SLOT_BYTES + lane.width - 1; at < top; at += lane.width)
        view.setUint8(at, f(view.getUint8(at)));
    });
  return [sign(first, "abs", (byte) => byte & 0x7f), sign(first + 1, "neg", (byte) => byte ^ 0x80)];
}

/** add sub mul div min max, then pmin pmax. */
function arithmetic(first: number, lane: Lane<number>, round: Round): Operation[] {
  return [
    map2(first, lane, "add", (a, b) => round(a + b)),
    map2(first + 1, lane, "sub", (a, b) => round(a - b)),
    map2(first + 2, lane, "mul", (a, b) => round(a * b)),
    map2(first + 3, lane, "div", (a, b) => round(a / b)),
    map2(first + 4, lane, "min", minimum),
    map2(first + 5, lane, "max", maximum),
    choose(first + 6, lane, "pmin", (a, b) => b < a),
    choose(first + 7, lane, "pmax", (a, b) => a < b),
  ];
}

const same: Round = (value) => value;
const [lowest, highest] = [-(2 ** 31), 2 ** 31 - 1];

const floats: readonly Operation[] = [
  ...compares(0x41, F32),
  ...compares(0x47, F64),
  map1(0x67, F32, "ceil", (a) => Math.ceil(a)),
  map1(0x68, F32, "floor", (a) => Math.floor(a)),
  map1(0x69, F32, "trunc", (a) => Math.trunc(a)),
  map1(0x6a, F32, "nearest", nearest),
  map1(0x74, F64, "ceil", (a) => Math.ceil(a)),
  map1(0x75, F64, "floor", (a) => Math.floor(a)),
  map1(0x7a, F64, "trunc", (a) => Math.trunc(a)),
  map1(0x94, F64, "nearest", nearest),
  ...signs(0xe0, F32),
  map1(0xe3, F32, "sqrt", (a) => Math.fround(Math.sqrt(a))),
  ...arithmetic(0xe4, F32, Math.fround),
  ...signs(0xec, F64),
  map1(0xef, F64, "sqrt", (a) => Math.sqrt(a)),
  ...arithmetic(0xf0, F64, same),
];

/** Lanes of another kind; results beyond the operand's lanes are zero. */
function convert(
  code: number,
  name: string,
  from: Lane<number>,
  to: Lane<number>,
  f: Round = same,
): Operation {
  return gather(code, name, 1, from, to, ([lanes], index) => {
    const value = lanes?.[index];
    return value === undefined ? 0 : f(value);
  });
}

const conversions: readonly Operation[] = [
  convert(0x5e, "f32x4.demote_f64x2_zero", F64, F32),
  convert(0x5f, "f64x2.promote_low_f32x4", F32, F64),
  convert(0xf8, "i32x4.trunc_sat_f32x4_s", F32, I32, (value) => saturate(value, lowest, highest)),
  convert(0xf9, "i32x4.trunc_sat_f32x4_u", F32, U32, (value) => saturate(value, 0, 2 ** 32 - 1)),
  convert(0xfa, "f32x4.convert_i32x4_s", I32, F32),
  convert(0xfb, "f32x4.convert_i32x4_u", U32, F32),
  convert(0xfc, "i32x4.trunc_sat_f64x2_s_zero", F64, I32, (value) => saturate(value, lowest, highest)),
  convert(0xfd, "i32x4.trunc_sat_f64x2_u_zero", F64, U32, (value) => saturate(value, 0, 2 ** 32 - 1)),
  convert(0xfe, "f64x2.convert_low_i32x4_s", I32, F64),
  convert(0xff, "f64x2.convert_low_i32x4_u", U32, F64),
];

/** Copies the lowest bytes of a slot into every lane. */
function splat(code: number, shape: string, letter: string, width: number): Operation {
  return operation(FD + code, `${shape}.splat`, `${letter}:v`, ({ view, top }) => {
    const at = top - SLOT_BYTES;
    for (let place = width; place < SLOT_BYTES; place += width) copyBytes(view, at, at + place, width);
  });
}

/** Moves a lane's bits down; the sign is extended where asked. */
function extract(code: number, name: string, letter: string, width: number, signed = false): Operation {
  return operation(FD + code, name, `v:${letter}`, ({ view, top }, { b }) => {
    const at = top - SLOT_BYTES;
    copyBytes(view, at + b * width, at, width);
    if (width >= 4) return;
    const negative = signed && view.getInt8(at + width - 1) < 0;
    fillBytes(view, at + width, 4 - width, negative ? 255 : 0);
  });
}

function replace(code: number, shape: string, letter: string, width: number): Operation {
  return operation(FD + code, `${shape}.replace_lane`, `v${letter}:v`, (machine, { b }) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    copyBytes(view, top, top - SLOT_BYTES + b * width, width);
  });
}

const lanes: readonly Operation[] = [
  operation(FD + 0x0d, "i8x16.shuffle", "vv:v", (machine, { bytes }) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    const both = Array.from({ length: 32 }, (_, index) => view.getUint8(top - SLOT_BYTES + index));
    for (const [index, from] of (bytes ?? new Uint8Array(0)).entries()) {
      view.setUint8(top - SLOT_BYTES + index, both[from] ?? 0);
    }
  }),
  gather(
    0x0e,
    "i8x16.swizzle",
    2,
    U8,
    U8,
    ([source, places], index) => source?.[places?.[index] ?? 255] ?? 0,
  ),
  splat(0x0f, "i8x16", "i", 1),
  splat(0x10, "i16x8", "i", 2),
  splat(0x11, "i32x4", "i", 4),
  splat(0x12, "i64x2", "l", 8),
  splat(0x13, "f32x4", "f", 4),
  splat(0x14, "f64x2", "d", 8),
  extract(0x15, "i8x16.extract_lane_s", "i", 1, true),
  extract(0x16, "i8x16.extract_lane_u", "i", 1),
  replace(0x17, "i8x16", "i", 1),
  extract(0x18, "i16x8.extract_lane_s", "i", 2, true),
  extract(0x19, "i16x8.extract_lane_u", "i", 2),
  replace(0x1a, "i16x8", "i", 2),
  extract(0x1b, "i32x4.extract_lane", "i", 4),
  replace(0x1c, "i32x4", "i", 4),
  extract(0x1d, "i64x2.extract_lane", "l", 8),
  replace(0x1e, "i64x2", "l", 8),
  extract(0x1f, "f32x4.extract_lane", "f", 4),
  replace(0x20, "f32x4", "f", 4),
  extract(0x21, "f64x2.extract_lane", "d", 8),
  replace(0x22, "f64x2", "d", 8),
];

/** Loads `width` bytes to the start of a slot that is zero otherwise. */
function load(
  code: number,
  name: string,
  width: number,
  after: (view: DataView, at: number) => void,
): Operation {
  return operation(FD + code, `v128.${name}`, "i:v", (machine, { a }) => {
    const { view, top } = machine;
    const at = top - SLOT_BYTES;
    const address = addressOf(machine, view.getUint32(at, true), a, width);
    const { bytes } = memoryOf(machine);
    fillBytes(view, at, SLOT_BYTES, 0);
    for (let index = 0; index < width; index++) view.setUint8(at + index, bytes[address + index] ?? 0);
    after(view, at);
  });
}

const nothing = (): void => undefined;

/** Eight bytes, widened lane by lane from the last to the first, so that nothing is overwritten before it is read. */
function widen(code: number, name: string, width: number, signed: boolean): Operation {
  return load(code, name, 8, (view, at) => {
    for (let lane = 8 / width - 1; lane >= 0; lane--) {
      const negative = signed && view.getInt8(at + (lane + 1) * width - 1) < 0;
      copyBytes(view, at + lane * width, at + 2 * lane * width, width);
      fillBytes(view, at + (2 * lane + 1) * width, width, negative ? 255 : 0);
    }
  });
}

function loadSplat(code: number, name: string, width: number): Operation {
  return load(code, name, width, (view, at) => {
    for (let place = width; place < SLOT_BYTES; place += width) copyBytes(view, at, at + place, width);
  });
}

/** The address lies below the vector. */
function loadLane(code: number, name: string, width: number): Operation {
  return operation(FD + code, `v128.${name}`, "iv:v", (machine, { a, b }) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    const at = top - SLOT_BYTES;
    const address = addressOf(machine, view.getUint32(at, true), a, width);
    const { bytes } = memoryOf(machine);
    copyBytes(view, top, at, SLOT_BYTES);
    for (let index = 0; index < width; index++)
      view.setUint8(at + b * width + index, bytes[address + index] ?? 0);
  });
}

function store(code: number, name: string, width: number): Operation {
  return operation(FD + code, `v128.${name}`, "iv:", (machine, { a, b }) => {
    machine.top -= 2 * SLOT_BYTES;
    const { view, top } = machine;
    const address = addressOf(machine, view.getUint32(top, true), a, width);
    const { bytes } = memoryOf(machine);
    const from = top + SLOT_BYTES + b * width;
    for (let index = 0; index < width; index++) bytes[address + index] = view.getUint8(from + index);
  });
}

const memory: readonly Operation[] = [
  load(0x00, "load", 16, nothing),
  widen(0x01, "load8x8_s", I8.width, true),
  widen(0x02, "load8x8_u", I8.width, false),
  widen(0x03, "load16x4_s", I16.width, true),
  widen(0x04, "load16x4_u", I16.width, false),
  widen(0x05, "load32x2_s", I32.width, true),
  widen(0x06, "load32x2_u", I32.width, false),
  loadSplat(0x07, "load8_splat", 1),
  loadSplat(0x08, "load16_splat", 2),
  loadSplat(0x09, "load32_splat", 4),
  loadSplat(0x0a, "load64_splat", I64.width),
  store(0x0b, "store", 16),
  loadLane(0x54, "load8_lane", 1),
  loadLane(0x55, "load16_lane", 2),
  loadLane(0x56, "load32_lane", 4),
  loadLane(0x57, "load64_lane", 8),
  store(0x58, "store8_lane", 1),
  store(0x59, "store16_lane", 2),
  store(0x5a, "store32_lane", 4),
  store(0x5b, "store64_lane", 8),
  load(0x5c, "load32_zero", 4, nothing),
  load(0x5d, "load64_zero", 8, nothing),
];

export const VECTOR_OPERATIONS: readonly Operation[] = [
  ...VECTOR_INTEGERS,
  ...floats,
  ...conversions,
  ...lanes,
  ...memory,
];

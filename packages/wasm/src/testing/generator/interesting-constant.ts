/** Constants at the edges of their types: signs, limits, subnormals, every kind of NaN. */

import { Encoder } from "../../encoder.js";
import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType } from "../../value-type.js";
import type { Random } from "../random.js";
import { bits, oneIn, pick } from "../random.js";
import type { PlainNode } from "./program.js";

const { I32, I64, F32, F64, V128 } = ValueType;
const vectorConst = opOf("v128.const");

const integers32 = [0, 1, 2, 3, 7, 8, 31, 32, 33, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff]
  .flatMap((value) => [value, -value, ~value])
  .concat([-0x8000_0000, 0x0f0f_0f0f, 0x5555_5555, 4, 16, 64, 1000]);

const integers64 = [
  ...integers32.map(BigInt),
  ...[
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 32n,
    -(2n ** 32n),
    2n ** 53n + 1n,
    0x0123_4567_89ab_cdefn,
    63n,
    65n,
  ],
];

/** Bits of floats: ±0, ±1, limits of integers, subnormals, infinities, quiet and signalling NaN of both signs. */
const floats32 = [
  0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x3f00_0000, 0x4000_0000, 0x4f00_0000, 0xcf00_0000, 0x4f80_0000,
  0x5f00_0000, 0x5f80_0000, 1, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0xff7f_ffff, 0x7f80_0000,
  0xff80_0000, 0x7fc0_0000, 0xffc0_0000, 0x7fa0_0001, 0xff80_0001, 0x7fff_ffff, 0x4b00_0001, 0x3fc0_0000,
  0x4e80_0000, 0x4f7f_ffff, 0xbf00_0000,
];

const floats64 = [
  ...[0n, 1n, 0x3ff0n << 48n, 0xbff0n << 48n, 0x3fe0n << 48n, 0x8000n << 48n, 0x4000n << 48n, 0x41e0n << 48n],
  ...[0xc1e0n << 48n, 0x41f0n << 48n, 0x43e0n << 48n, 0xc3e0n << 48n, 0x43f0n << 48n, 0x7ff0n << 48n],
  ...[0xfff0n << 48n, 0x7ff8n << 48n, 0xfff8n << 48n, 0x7ff4_0000_0000_0001n, 0xfff0_0000_0000_0001n],
  ...[0x7fef_ffff_ffff_ffffn, 0x0010_0000_0000_0000n, 0x000f_ffff_ffff_ffffn, 0x8000_0000_0000_0001n],
  ...[0x36a0_0000_0000_0000n, 0x47ef_ffff_f000_0000n, 0x41df_ffff_ffc0_0000n, 0x3ff8_0000_0000_0000n],
  ...[0x4330_0000_0000_0001n, 0xbfef_ffff_ffff_ffffn],
];

/** Bits of a random value of a numeric type, as an unsigned number. */
export function interestingBits(random: Random, type: ValueType): bigint {
  switch (type) {
    case I32:
      return BigInt.asUintN(32, BigInt(oneIn(random, 5) ? bits(random) : pick(random, integers32)));
    case I64:
      if (oneIn(random, 5)) return wide(random, 2);
      return BigInt.asUintN(64, pick(random, integers64));
    case F32:
      return BigInt(oneIn(random, 5) ? bits(random) : pick(random, floats32));
    case F64:
      return oneIn(random, 5) ? wide(random, 2) : pick(random, floats64);
    default:
      return vectorBits(random);
  }
}

/** Lanes of one shape, equal or each its own. */
function vectorBits(random: Random): bigint {
  if (oneIn(random, 6)) return wide(random, 4);
  const type = pick(random, [I32, I64, F32, F64] as const);
  const width = type === I32 || type === F32 ? 32 : 64;
  const splat = oneIn(random, 3) ? interestingBits(random, type) : undefined;
  let value = 0n;
  for (let at = 0; at < 128; at += width) value |= (splat ?? interestingBits(random, type)) << BigInt(at);
  return value;
}

function wide(random: Random, words: number): bigint {
  let value = 0n;
  for (let word = 0; word < words; word++) value = (value << 32n) | BigInt(bits(random));
  return value;
}

function littleEndian(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

/** Signed LEB128 of any integer. */
export function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

export function unsignedLeb(value: number): number[] {
  return [...new Encoder(8).u32(value).finish()];
}

/** The constant instruction with these bits; of a funcref the null reference. */
export function constantOf(type: ValueType, value: bigint): PlainNode {
  const node = (op: number, immediates: readonly number[]): PlainNode => ({
    ...{ kind: "plain", op, immediates, children: [], results: [type] },
  });
  switch (type) {
    case I32:
      return node(OpByte.I32_CONST, signedLeb(BigInt.asIntN(32, value)));
    case I64:
      return node(OpByte.I64_CONST, signedLeb(BigInt.asIntN(64, value)));
    case F32:
      return node(OpByte.F32_CONST, littleEndian(value, 4));
    case F64:
      return node(OpByte.F64_CONST, littleEndian(value, 8));
    case V128:
      return node(vectorConst, littleEndian(value, 16));
    default:
      return node(OpByte.REF_NULL, [type]);
  }
}

export function i32Const(value: number): PlainNode {
  return constantOf(I32, BigInt(value));
}

export function randomConstant(random: Random, type: ValueType): PlainNode {
  const reference = type === ValueType.FUNCREF || type === ValueType.EXTERNREF;
  return constantOf(type, reference ? 0n : interestingBits(random, type));
}

/**
 * Instructions of prefix 0xfd: the 236 vector instructions of WebAssembly 2.0. Relaxed ones begin at 0x100. Data
 * only.
 */

import type { CostClass, NanShape, OpcodeRow } from "./opcodes.js";

const FD = 0x200;

function load(code: number, names: string, align: number): OpcodeRow {
  return { first: FD + code, names, types: "i:v", cost: "load", immediates: "memory-access", align };
}

function lane(code: number, names: string, types: string, lanes: number): OpcodeRow {
  return { first: FD + code, names, types, cost: "vector", immediates: "lane", lanes };
}

/** One lane from or to memory: 16 bytes hold `16 >> align` lanes. */
function memoryLane(code: number, name: string, types: string, align: number): OpcodeRow {
  const lanes = 16 >> align;
  const cost = types === "iv:" ? "store" : "load";
  return { first: FD + code, names: name, types, cost, immediates: "memory-lane", align, lanes };
}

function plain(code: number, types: string, names: string, cost: CostClass = "vector"): OpcodeRow {
  return { first: FD + code, names, types, cost };
}

function producer(code: number, types: string, names: string, nan: NanShape, cost: CostClass): OpcodeRow {
  return { first: FD + code, names, types, cost, nan };
}

/** `shape.a shape.b` from a shape and the bare names. */
function of(shape: string, names: string): string {
  return names
    .split(" ")
    .map((name) => `${shape}.${name}`)
    .join(" ");
}

const compares = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";

const memoryAccess: readonly OpcodeRow[] = [
  load(0x00, "v128.load", 4),
  load(0x01, of("v128", "load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u"), 3),
  load(0x07, "v128.load8_splat", 0),
  load(0x08, "v128.load16_splat", 1),
  load(0x09, "v128.load32_splat", 2),
  load(0x0a, "v128.load64_splat", 3),
  {
    first: FD + 0x0b,
    names: "v128.store",
    types: "iv:",
    cost: "store",
    immediates: "memory-access",
    align: 4,
  },
  memoryLane(0x54, "v128.load8_lane", "iv:v", 0),
  memoryLane(0x55, "v128.load16_lane", "iv:v", 1),
  memoryLane(0x56, "v128.load32_lane", "iv:v", 2),
  memoryLane(0x57, "v128.load64_lane", "iv:v", 3),
  memoryLane(0x58, "v128.store8_lane", "iv:", 0),
  memoryLane(0x59, "v128.store16_lane", "iv:", 1),
  memoryLane(0x5a, "v128.store32_lane", "iv:", 2),
  memoryLane(0x5b, "v128.store64_lane", "iv:", 3),
  load(0x5c, "v128.load32_zero", 2),
  load(0x5d, "v128.load64_zero", 3),
];

const lanes: readonly OpcodeRow[] = [
  { first: FD + 0x0c, names: "v128.const", types: ":v", cost: "vector", immediates: "v128" },
  { first: FD + 0x0d, names: "i8x16.shuffle", types: "vv:v", cost: "shuffle", immediates: "shuffle" },
  plain(0x0e, "vv:v", "i8x16.swizzle", "shuffle"),
  plain(0x0f, "i:v", "i8x16.splat i16x8.splat i32x4.splat"),
  plain(0x12, "l:v", "i64x2.splat"),
  plain(0x13, "f:v", "f32x4.splat"),
  plain(0x14, "d:v", "f64x2.splat"),
  lane(0x15, "i8x16.extract_lane_s i8x16.extract_lane_u", "v:i", 16),
  lane(0x17, "i8x16.replace_lane", "vi:v", 16),
  lane(0x18, "i16x8.extract_lane_s i16x8.extract_lane_u", "v:i", 8),
  lane(0x1a, "i16x8.replace_lane", "vi:v", 8),
  lane(0x1b, "i32x4.extract_lane", "v:i", 4),
  lane(0x1c, "i32x4.replace_lane", "vi:v", 4),
  lane(0x1d, "i64x2.extract_lane", "v:l", 2),
  lane(0x1e, "i64x2.replace_lane", "vl:v", 2),
  lane(0x1f, "f32x4.extract_lane", "v:f", 4),
  lane(0x20, "f32x4.replace_lane", "vf:v", 4),
  lane(0x21, "f64x2.extract_lane", "v:d", 2),
  lane(0x22, "f64x2.replace_lane", "vd:v", 2),
];

const integers: readonly OpcodeRow[] = [
  plain(0x23, "vv:v", of("i8x16", compares)),
  plain(0x2d, "vv:v", of("i16x8", compares)),
  plain(0x37, "vv:v", of("i32x4", compares)),
  plain(0x4d, "v:v", "v128.not"),
  plain(0x4e, "vv:v", of("v128", "and andnot or xor")),
  plain(0x52, "vvv:v", "v128.bitselect"),
  plain(0x53, "v:i", "v128.any_true"),
  plain(0x60, "v:v", of("i8x16", "abs neg popcnt")),
  plain(0x63, "v:i", of("i8x16", "all_true bitmask")),
  plain(0x65, "vv:v", of("i8x16", "narrow_i16x8_s narrow_i16x8_u")),
  plain(0x6b, "vi:v", of("i8x16", "shl shr_s shr_u")),
  plain(0x6e, "vv:v", of("i8x16", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u")),
  plain(0x76, "vv:v", of("i8x16", "min_s min_u max_s max_u")),
  plain(0x7b, "vv:v", "i8x16.avgr_u"),
  plain(0x7c, "v:v", of("i16x8", "extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u")),
  plain(0x7e, "v:v", of("i32x4", "extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u")),
  plain(0x80, "v:v", of("i16x8", "abs neg")),
  plain(0x82, "vv:v", "i16x8.q15mulr_sat_s"),
  plain(0x83, "v:i", of("i16x8", "all_true bitmask")),
  plain(0x85, "vv:v", of("i16x8", "narrow_i32x4_s narrow_i32x4_u")),
  plain(
    0x87,
    "v:v",
    of("i16x8", "extend_low_i8x16_s extend_high_i8x16_s extend_low_i8x16_u extend_high_i8x16_u"),
  ),
  plain(0x8b, "vi:v", of("i16x8", "shl shr_s shr_u")),
  plain(0x8e, "vv:v", of("i16x8", "add add_sat_s add_sat_u sub sub_sat_s sub_sat_u")),
  plain(0x95, "vv:v", of("i16x8", "mul min_s min_u max_s max_u")),
  plain(0x9b, "vv:v", "i16x8.avgr_u"),
  plain(
    0x9c,
    "vv:v",
    of("i16x8", "extmul_low_i8x16_s extmul_high_i8x16_s extmul_low_i8x16_u extmul_high_i8x16_u"),
  ),
  plain(0xa0, "v:v", of("i32x4", "abs neg")),
  plain(0xa3, "v:i", of("i32x4", "all_true bitmask")),
  plain(
    0xa7,
    "v:v",
    of("i32x4", "extend_low_i16x8_s extend_high_i16x8_s extend_low_i16x8_u extend_high_i16x8_u"),
  ),
  plain(0xab, "vi:v", of("i32x4", "shl shr_s shr_u")),
  plain(0xae, "vv:v", "i32x4.add"),
  plain(0xb1, "vv:v", "i32x4.sub"),
  plain(0xb5, "vv:v", of("i32x4", "mul min_s min_u max_s max_u dot_i16x8_s")),
  plain(
    0xbc,
    "vv:v",
    of("i32x4", "extmul_low_i16x8_s extmul_high_i16x8_s extmul_low_i16x8_u extmul_high_i16x8_u"),
  ),
  plain(0xc0, "v:v", of("i64x2", "abs neg")),
  plain(0xc3, "v:i", of("i64x2", "all_true bitmask")),
  plain(
    0xc7,
    "v:v",
    of("i64x2", "extend_low_i32x4_s extend_high_i32x4_s extend_low_i32x4_u extend_high_i32x4_u"),
  ),
  plain(0xcb, "vi:v", of("i64x2", "shl shr_s shr_u")),
  plain(0xce, "vv:v", "i64x2.add"),
  plain(0xd1, "vv:v", "i64x2.sub"),
  plain(0xd5, "vv:v", "i64x2.mul", "vector-multiply-i64"),
  plain(0xd6, "vv:v", of("i64x2", "eq ne lt_s gt_s le_s ge_s")),
  plain(
    0xdc,
    "vv:v",
    of("i64x2", "extmul_low_i32x4_s extmul_high_i32x4_s extmul_low_i32x4_u extmul_high_i32x4_u"),
  ),
];

const floats: readonly OpcodeRow[] = [
  plain(0x41, "vv:v", of("f32x4", "eq ne lt gt le ge"), "vector-float"),
  plain(0x47, "vv:v", of("f64x2", "eq ne lt gt le ge"), "vector-float"),
  producer(0x5e, "v:v", "f32x4.demote_f64x2_zero", "f32x4", "vector-float"),
  producer(0x5f, "v:v", "f64x2.promote_low_f32x4", "f64x2", "vector-float"),
  producer(0x67, "v:v", of("f32x4", "ceil floor trunc nearest"), "f32x4", "vector-float"),
  producer(0x74, "v:v", of("f64x2", "ceil floor"), "f64x2", "vector-float"),
  producer(0x7a, "v:v", "f64x2.trunc", "f64x2", "vector-float"),
  producer(0x94, "v:v", "f64x2.nearest", "f64x2", "vector-float"),
  plain(0xe0, "v:v", of("f32x4", "abs neg"), "vector-float"),
  producer(0xe3, "v:v", "f32x4.sqrt", "f32x4", "vector-float-divide"),
  producer(0xe4, "vv:v", of("f32x4", "add sub mul"), "f32x4", "vector-float"),
  producer(0xe7, "vv:v", "f32x4.div", "f32x4", "vector-float-divide"),
  producer(0xe8, "vv:v", of("f32x4", "min max"), "f32x4", "vector-float"),
  plain(0xea, "vv:v", of("f32x4", "pmin pmax"), "vector-float"),
  plain(0xec, "v:v", of("f64x2", "abs neg"), "vector-float"),
  producer(0xef, "v:v", "f64x2.sqrt", "f64x2", "vector-float-divide"),
  producer(0xf0, "vv:v", of("f64x2", "add sub mul"), "f64x2", "vector-float"),
  producer(0xf3, "vv:v", "f64x2.div", "f64x2", "vector-float-divide"),
  producer(0xf4, "vv:v", of("f64x2", "min max"), "f64x2", "vector-float"),
  plain(0xf6, "vv:v", of("f64x2", "pmin pmax"), "vector-float"),
  plain(0xf8, "v:v", of("i32x4", "trunc_sat_f32x4_s trunc_sat_f32x4_u"), "vector-float"),
  plain(0xfa, "v:v", of("f32x4", "convert_i32x4_s convert_i32x4_u"), "vector-float"),
  plain(0xfc, "v:v", of("i32x4", "trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero"), "vector-float"),
  plain(0xfe, "v:v", of("f64x2", "convert_low_i32x4_s convert_low_i32x4_u"), "vector-float"),
];

/** 0xfd instructions below 0x100. */
export const VECTOR_ROWS: readonly OpcodeRow[] = [...memoryAccess, ...lanes, ...integers, ...floats];

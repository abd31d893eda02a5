/** Instructions of one-byte opcodes and of prefix 0xfc, in the order of the specification. Data only. */

import type { OpcodeRow } from "./opcodes.js";

const FC = 0x100;

const control: readonly OpcodeRow[] = [
  { first: 0x00, names: "unreachable nop", cost: "free" },
  { first: 0x02, names: "block", cost: "free", immediates: "block" },
  { first: 0x03, names: "loop if", cost: "branch", immediates: "block" },
  { first: 0x05, names: "else", cost: "free" },
  { first: 0x06, names: "try catch throw rethrow throw_ref", cost: "branch", refused: "exceptions" },
  { first: 0x0b, names: "end", cost: "free" },
  { first: 0x0c, names: "br br_if", cost: "branch", immediates: "label" },
  { first: 0x0e, names: "br_table", cost: "branch-table", immediates: "labels" },
  { first: 0x0f, names: "return", cost: "branch" },
  { first: 0x10, names: "call", cost: "call", immediates: "function" },
  { first: 0x11, names: "call_indirect", cost: "call-indirect", immediates: "indirect" },
  { first: 0x12, names: "return_call return_call_indirect", cost: "call", refused: "tail-calls" },
  { first: 0x14, names: "call_ref", cost: "call", refused: "function-references" },
  { first: 0x15, names: "return_call_ref", cost: "call", refused: "tail-calls" },
  { first: 0x18, names: "delegate catch_all", cost: "branch", refused: "exceptions" },
  { first: 0x1a, names: "drop", cost: "free" },
  { first: 0x1b, names: "select", cost: "basic" },
  { first: 0x1c, names: "select_typed", cost: "basic", immediates: "types" },
  { first: 0x1f, names: "try_table", cost: "branch", refused: "exceptions" },
];

const variables: readonly OpcodeRow[] = [
  { first: 0x20, names: "local.get local.set local.tee", cost: "basic", immediates: "local" },
  { first: 0x23, names: "global.get global.set", cost: "global", immediates: "global" },
  { first: 0x25, names: "table.get", cost: "table", immediates: "table" },
  { first: 0x26, names: "table.set", cost: "table", immediates: "table", refused: "table-mutation" },
];

function load(first: number, names: string, types: string, align: number): OpcodeRow {
  return { first, names, types, cost: "load", immediates: "memory-access", align };
}

function store(first: number, names: string, types: string, align: number): OpcodeRow {
  return { first, names, types, cost: "store", immediates: "memory-access", align };
}

const memory: readonly OpcodeRow[] = [
  load(0x28, "i32.load", "i:i", 2),
  load(0x29, "i64.load", "i:l", 3),
  load(0x2a, "f32.load", "i:f", 2),
  load(0x2b, "f64.load", "i:d", 3),
  load(0x2c, "i32.load8_s i32.load8_u", "i:i", 0),
  load(0x2e, "i32.load16_s i32.load16_u", "i:i", 1),
  load(0x30, "i64.load8_s i64.load8_u", "i:l", 0),
  load(0x32, "i64.load16_s i64.load16_u", "i:l", 1),
  load(0x34, "i64.load32_s i64.load32_u", "i:l", 2),
  store(0x36, "i32.store", "ii:", 2),
  store(0x37, "i64.store", "il:", 3),
  store(0x38, "f32.store", "if:", 2),
  store(0x39, "f64.store", "id:", 3),
  store(0x3a, "i32.store8", "ii:", 0),
  store(0x3b, "i32.store16", "ii:", 1),
  store(0x3c, "i64.store8", "il:", 0),
  store(0x3d, "i64.store16", "il:", 1),
  store(0x3e, "i64.store32", "il:", 2),
  { first: 0x3f, names: "memory.size", types: ":i", cost: "memory-size", immediates: "memory" },
  { first: 0x40, names: "memory.grow", types: "i:i", cost: "memory-grow", immediates: "memory" },
];

const integers: readonly OpcodeRow[] = [
  { first: 0x41, names: "i32.const", types: ":i", cost: "basic", immediates: "i32" },
  { first: 0x42, names: "i64.const", types: ":l", cost: "basic", immediates: "i64" },
  { first: 0x43, names: "f32.const", types: ":f", cost: "basic", immediates: "f32" },
  { first: 0x44, names: "f64.const", types: ":d", cost: "basic", immediates: "f64" },
  { first: 0x45, names: "i32.eqz", types: "i:i", cost: "basic" },
  {
    first: 0x46,
    names: "i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u",
    types: "ii:i",
    cost: "basic",
  },
  { first: 0x50, names: "i64.eqz", types: "l:i", cost: "basic" },
  {
    first: 0x51,
    names: "i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u",
    types: "ll:i",
    cost: "basic",
  },
  { first: 0x5b, names: "f32.eq f32.ne f32.lt f32.gt f32.le f32.ge", types: "ff:i", cost: "compare-float" },
  { first: 0x61, names: "f64.eq f64.ne f64.lt f64.gt f64.le f64.ge", types: "dd:i", cost: "compare-float" },
  { first: 0x67, names: "i32.clz i32.ctz i32.popcnt", types: "i:i", cost: "basic" },
  { first: 0x6a, names: "i32.add i32.sub", types: "ii:i", cost: "basic" },
  { first: 0x6c, names: "i32.mul", types: "ii:i", cost: "multiply" },
  { first: 0x6d, names: "i32.div_s i32.div_u i32.rem_s i32.rem_u", types: "ii:i", cost: "divide" },
  {
    first: 0x71,
    names: "i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u",
    types: "ii:i",
    cost: "basic",
  },
  { first: 0x77, names: "i32.rotl i32.rotr", types: "ii:i", cost: "rotate" },
  { first: 0x79, names: "i64.clz i64.ctz i64.popcnt", types: "l:l", cost: "basic" },
  { first: 0x7c, names: "i64.add i64.sub", types: "ll:l", cost: "basic" },
  { first: 0x7e, names: "i64.mul", types: "ll:l", cost: "multiply" },
  { first: 0x7f, names: "i64.div_s i64.div_u i64.rem_s i64.rem_u", types: "ll:l", cost: "divide" },
  {
    first: 0x83,
    names: "i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u",
    types: "ll:l",
    cost: "basic",
  },
  { first: 0x89, names: "i64.rotl i64.rotr", types: "ll:l", cost: "rotate" },
];

const floats: readonly OpcodeRow[] = [
  { first: 0x8b, names: "f32.abs f32.neg", types: "f:f", cost: "float" },
  { first: 0x8d, names: "f32.ceil f32.floor f32.trunc f32.nearest", types: "f:f", cost: "round", nan: "f32" },
  { first: 0x91, names: "f32.sqrt", types: "f:f", cost: "square-root", nan: "f32" },
  { first: 0x92, names: "f32.add f32.sub f32.mul", types: "ff:f", cost: "float", nan: "f32" },
  { first: 0x95, names: "f32.div", types: "ff:f", cost: "float-divide", nan: "f32" },
  { first: 0x96, names: "f32.min f32.max", types: "ff:f", cost: "float", nan: "f32" },
  { first: 0x98, names: "f32.copysign", types: "ff:f", cost: "copysign" },
  { first: 0x99, names: "f64.abs f64.neg", types: "d:d", cost: "float" },
  { first: 0x9b, names: "f64.ceil f64.floor f64.trunc f64.nearest", types: "d:d", cost: "round", nan: "f64" },
  { first: 0x9f, names: "f64.sqrt", types: "d:d", cost: "square-root", nan: "f64" },
  { first: 0xa0, names: "f64.add f64.sub f64.mul", types: "dd:d", cost: "float", nan: "f64" },
  { first: 0xa3, names: "f64.div", types: "dd:d", cost: "float-divide", nan: "f64" },
  { first: 0xa4, names: "f64.min f64.max", types: "dd:d", cost: "float", nan: "f64" },
  { first: 0xa6, names: "f64.copysign", types: "dd:d", cost: "copysign" },
];

const conversions: readonly OpcodeRow[] = [
  { first: 0xa7, names: "i32.wrap_i64", types: "l:i", cost: "basic" },
  { first: 0xa8, names: "i32.trunc_f32_s i32.trunc_f32_u", types: "f:i", cost: "convert" },
  { first: 0xaa, names: "i32.trunc_f64_s i32.trunc_f64_u", types: "d:i", cost: "convert" },
  { first: 0xac, names: "i64.extend_i32_s i64.extend_i32_u", types: "i:l", cost: "basic" },
  { first: 0xae, names: "i64.trunc_f32_s i64.trunc_f32_u", types: "f:l", cost: "convert" },
  { first: 0xb0, names: "i64.trunc_f64_s i64.trunc_f64_u", types: "d:l", cost: "convert" },
  { first: 0xb2, names: "f32.convert_i32_s f32.convert_i32_u", types: "i:f", cost: "convert" },
  { first: 0xb4, names: "f32.convert_i64_s f32.convert_i64_u", types: "l:f", cost: "convert" },
  { first: 0xb6, names: "f32.demote_f64", types: "d:f", cost: "resize-float", nan: "f32" },
  { first: 0xb7, names: "f64.convert_i32_s f64.convert_i32_u", types: "i:d", cost: "convert" },
  { first: 0xb9, names: "f64.convert_i64_s f64.convert_i64_u", types: "l:d", cost: "convert" },
  { first: 0xbb, names: "f64.promote_f32", types: "f:d", cost: "resize-float", nan: "f64" },
  { first: 0xbc, names: "i32.reinterpret_f32", types: "f:i", cost: "reinterpret" },
  { first: 0xbd, names: "i64.reinterpret_f64", types: "d:l", cost: "reinterpret" },
  { first: 0xbe, names: "f32.reinterpret_i32", types: "i:f", cost: "reinterpret" },
  { first: 0xbf, names: "f64.reinterpret_i64", types: "l:d", cost: "reinterpret" },
  { first: 0xc0, names: "i32.extend8_s i32.extend16_s", types: "i:i", cost: "basic" },
  { first: 0xc2, names: "i64.extend8_s i64.extend16_s i64.extend32_s", types: "l:l", cost: "basic" },
];

const references: readonly OpcodeRow[] = [
  { first: 0xd0, names: "ref.null", cost: "basic", immediates: "reference-type" },
  { first: 0xd1, names: "ref.is_null", cost: "basic" },
  { first: 0xd2, names: "ref.func", cost: "basic", immediates: "function" },
  { first: 0xd3, names: "ref.eq", cost: "basic", refused: "gc" },
  {
    first: 0xd4,
    names: "ref.as_non_null br_on_null br_on_non_null",
    cost: "branch",
    refused: "function-references",
  },
  {
    first: 0xe0,
    names: "cont.new cont.bind suspend resume resume_throw resume_throw_ref switch",
    cost: "call",
    refused: "stack-switching",
  },
];

const prefixed: readonly OpcodeRow[] = [
  { first: FC + 0, names: "i32.trunc_sat_f32_s i32.trunc_sat_f32_u", types: "f:i", cost: "convert" },
  { first: FC + 2, names: "i32.trunc_sat_f64_s i32.trunc_sat_f64_u", types: "d:i", cost: "convert" },
  { first: FC + 4, names: "i64.trunc_sat_f32_s i64.trunc_sat_f32_u", types: "f:l", cost: "convert" },
  { first: FC + 6, names: "i64.trunc_sat_f64_s i64.trunc_sat_f64_u", types: "d:l", cost: "convert" },
  { first: FC + 8, names: "memory.init", types: "iii:", cost: "bulk", immediates: "data-memory" },
  { first: FC + 9, names: "data.drop", types: ":", cost: "bulk", immediates: "data" },
  { first: FC + 10, names: "memory.copy", types: "iii:", cost: "bulk", immediates: "memory-memory" },
  { first: FC + 11, names: "memory.fill", types: "iii:", cost: "bulk", immediates: "memory" },
  {
    first: FC + 12,
    names: "table.init",
    types: "iii:",
    cost: "table",
    immediates: "element-table",
    refused: "table-mutation",
  },
  {
    first: FC + 13,
    names: "elem.drop",
    types: ":",
    cost: "table",
    immediates: "element",
    refused: "table-mutation",
  },
  {
    first: FC + 14,
    names: "table.copy",
    types: "iii:",
    cost: "table",
    immediates: "table-table",
    refused: "table-mutation",
  },
  { first: FC + 15, names: "table.grow", cost: "table", immediates: "table", refused: "table-mutation" },
  { first: FC + 16, names: "table.size", types: ":i", cost: "table", immediates: "table" },
  { first: FC + 17, names: "table.fill", cost: "table", immediates: "table", refused: "table-mutation" },
  {
    first: FC + 19,
    names: "i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u",
    cost: "multiply",
    refused: "wide-arithmetic",
  },
];

/** One-byte and 0xfc instructions. */
export const SCALAR_ROWS: readonly OpcodeRow[] = [
  ...control,
  ...variables,
  ...memory,
  ...integers,
  ...floats,
  ...conversions,
  ...references,
  ...prefixed,
];

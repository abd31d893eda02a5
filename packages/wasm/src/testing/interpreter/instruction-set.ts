/** All instructions: names of those that the machine treats itself, and steps of the others. */

import { FLOAT_OPERATIONS } from "./float-operations.js";
import { INTEGER_OPERATIONS } from "./integer-operations.js";
import { MEMORY_OPERATIONS } from "./memory-operations.js";
import { FC, FD } from "./operation.js";
import type { Operation } from "./operation.js";
import { VECTOR_OPERATIONS } from "./vector-operations.js";

/** Codes that the machine gives meaning to. */
export const Code = {
  UNREACHABLE: 0x00,
  NOP: 0x01,
  BLOCK: 0x02,
  LOOP: 0x03,
  IF: 0x04,
  ELSE: 0x05,
  END: 0x0b,
  BR: 0x0c,
  BR_IF: 0x0d,
  BR_TABLE: 0x0e,
  RETURN: 0x0f,
  CALL: 0x10,
  CALL_INDIRECT: 0x11,
  DROP: 0x1a,
  SELECT: 0x1b,
  SELECT_TYPED: 0x1c,
  LOCAL_GET: 0x20,
  LOCAL_SET: 0x21,
  LOCAL_TEE: 0x22,
  GLOBAL_GET: 0x23,
  GLOBAL_SET: 0x24,
  TABLE_GET: 0x25,
  TABLE_SET: 0x26,
  MEMORY_SIZE: 0x3f,
  MEMORY_GROW: 0x40,
  I32_CONST: 0x41,
  I64_CONST: 0x42,
  F32_CONST: 0x43,
  F64_CONST: 0x44,
  REF_NULL: 0xd0,
  REF_IS_NULL: 0xd1,
  REF_FUNC: 0xd2,
  MEMORY_INIT: FC + 8,
  DATA_DROP: FC + 9,
  MEMORY_COPY: FC + 10,
  MEMORY_FILL: FC + 11,
  TABLE_INIT: FC + 12,
  ELEM_DROP: FC + 13,
  TABLE_COPY: FC + 14,
  TABLE_GROW: FC + 15,
  TABLE_SIZE: FC + 16,
  TABLE_FILL: FC + 17,
  V128_CONST: FD + 12,
} as const;

const machineNames: Readonly<Record<number, string>> = {
  [Code.UNREACHABLE]: "unreachable",
  [Code.NOP]: "nop",
  [Code.BLOCK]: "block",
  [Code.LOOP]: "loop",
  [Code.IF]: "if",
  [Code.ELSE]: "else",
  [Code.END]: "end",
  [Code.BR]: "br",
  [Code.BR_IF]: "br_if",
  [Code.BR_TABLE]: "br_table",
  [Code.RETURN]: "return",
  [Code.CALL]: "call",
  [Code.CALL_INDIRECT]: "call_indirect",
  [Code.DROP]: "drop",
  [Code.SELECT]: "select",
  [Code.SELECT_TYPED]: "select_typed",
  [Code.LOCAL_GET]: "local.get",
  [Code.LOCAL_SET]: "local.set",
  [Code.LOCAL_TEE]: "local.tee",
  [Code.GLOBAL_GET]: "global.get",
  [Code.GLOBAL_SET]: "global.set",
  [Code.TABLE_GET]: "table.get",
  [Code.TABLE_SET]: "table.set",
  [Code.MEMORY_SIZE]: "memory.size",
  [Code.MEMORY_GROW]: "memory.grow",
  [Code.I32_CONST]: "i32.const",
  [Code.I64_CONST]: "i64.const",
  [Code.F32_CONST]: "f32.const",
  [Code.F64_CONST]: "f64.const",
  [Code.REF_NULL]: "ref.null",
  [Code.REF_IS_NULL]: "ref.is_null",
  [Code.REF_FUNC]: "ref.func",
  [Code.MEMORY_INIT]: "memory.init",
  [Code.DATA_DROP]: "data.drop",
  [Code.MEMORY_COPY]: "memory.copy",
  [Code.MEMORY_FILL]: "memory.fill",
  [Code.TABLE_INIT]: "table.init",
  [Code.ELEM_DROP]: "elem.drop",
  [Code.TABLE_COPY]: "table.copy",
  [Code.TABLE_GROW]: "table.grow",
  [Code.TABLE_SIZE]: "table.size",
  [Code.TABLE_FILL]: "table.fill",
  [Code.V128_CONST]: "v128.const",
};

/** Steps by code. */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map(
  [...INTEGER_OPERATIONS, ...FLOAT_OPERATIONS, ...MEMORY_OPERATIONS, ...VECTOR_OPERATIONS].map(
    (operation) => [operation.code, operation],
  ),
);

/** Name by code, of all instructions. */
export const NAMES: ReadonlyMap<number, string> = new Map([
  ...Object.entries(machineNames).map(([code, name]) => [Number(code), name] as const),
  ...[...OPERATIONS].map(([code, { name }]) => [code, name] as const),
]);

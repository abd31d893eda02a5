/**
 * The one table of instructions: codes, names, immediates, types, cost classes, NaN producers, refusals.
 * Reader, validator and instrumenter look here and nowhere else. An `op` is a unified code: one-byte opcodes as they
 * are, `0xfc n` as FC + n, `0xfd n` as FD + n, so that tables are flat arrays.
 */

import { assert } from "@wasm-engine/abi";
import { SCALAR_ROWS } from "./opcodes-scalar.js";
import { VECTOR_ROWS } from "./opcodes-vector.js";
import type { RefusedFeature } from "./feature.js";
import { ValueType } from "./value-type.js";

/** Base of the unified codes of `0xfc n`. */
export const FC = 0x100;
/** Base of the unified codes of `0xfd n`. */
export const FD = 0x200;
/** Unified codes lie below this. */
export const OP_CODES_MAX = 0x300;

/** What follows an opcode in the binary format. */
export type ImmediateKind =
  | "none"
  | "block"
  | "label"
  | "labels"
  | "function"
  | "indirect"
  | "local"
  | "global"
  | "table"
  | "table-table"
  | "element-table"
  | "element"
  | "memory-access"
  | "memory-lane"
  | "memory"
  | "memory-memory"
  | "data-memory"
  | "data"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "v128"
  | "shuffle"
  | "lane"
  | "reference-type"
  | "types";

/** Row of the fuel table that prices an instruction. Prices live with the instrumenter, versioned. */
export type CostClass =
  | "free"
  | "basic"
  | "rotate"
  | "compare-float"
  | "reinterpret"
  | "multiply"
  | "global"
  | "memory-size"
  | "store"
  | "load"
  | "divide"
  | "branch"
  | "branch-table"
  | "call"
  | "call-indirect"
  | "float"
  | "copysign"
  | "round"
  | "convert"
  | "resize-float"
  | "float-divide"
  | "square-root"
  | "vector"
  | "shuffle"
  | "vector-multiply-i64"
  | "vector-float"
  | "vector-float-divide"
  | "bulk"
  | "table"
  | "memory-grow";

/** Shape of the NaN that an instruction may produce; canonicalised by the instrumenter. */
export type NanShape = "f32" | "f64" | "f32x4" | "f64x2";

/** Instructions with consecutive codes that differ in name only. */
export interface OpcodeRow {
  /** Unified code of the first name. */
  readonly first: number;
  readonly names: string;
  /**
   * `operands:results`, one letter per value: i i32, l i64, f f32, d f64, v v128. Absent: typed by the validator's
   * own rule.
   */
  readonly types?: string;
  readonly cost: CostClass;
  readonly immediates?: ImmediateKind;
  /** Memory access: log2 of the natural alignment. */
  readonly align?: number;
  /** Lane immediate: number of lanes. */
  readonly lanes?: number;
  readonly nan?: NanShape;
  readonly refused?: RefusedFeature;
}

/** One instruction. */
export interface Opcode {
  readonly op: number;
  readonly name: string;
  readonly immediates: ImmediateKind;
  /** Fixed operand and result types; `undefined` where the type depends on immediates or context. */
  readonly operands: readonly ValueType[] | undefined;
  readonly results: readonly ValueType[] | undefined;
  readonly cost: CostClass;
  readonly align: number;
  readonly lanes: number;
  readonly nan: NanShape | undefined;
  /** Feature that this instruction belongs to and that is refused (in the `agent` profile at least). */
  readonly refused: RefusedFeature | undefined;
}

const letters: Readonly<Record<string, ValueType>> = {
  i: ValueType.I32,
  l: ValueType.I64,
  f: ValueType.F32,
  d: ValueType.F64,
  v: ValueType.V128,
};

function typesOf(text: string): ValueType[] {
  return [...text].map((letter) => {
    const type = letters[letter];
    assert(type !== undefined, `letter ${letter} is a value type`);
    return type;
  });
}

function expand(rows: readonly OpcodeRow[], table: (Opcode | undefined)[]): void {
  for (const row of rows) {
    const [operands, results] = row.types?.split(":") ?? [];
    const names = row.names.split(" ");
    for (const [index, name] of names.entries()) {
      const op = row.first + index;
      assert(table[op] === undefined, `one instruction per code: ${name}`);
      assert(op < OP_CODES_MAX, `code of ${name} is in range`);
      table[op] = {
        op,
        name,
        immediates: row.immediates ?? "none",
        operands: operands === undefined ? undefined : typesOf(operands),
        results: results === undefined ? undefined : typesOf(results),
        cost: row.cost,
        align: row.align ?? 0,
        lanes: row.lanes ?? 0,
        nan: row.nan,
        refused: row.refused,
      };
    }
  }
}

function build(): readonly (Opcode | undefined)[] {
  const table = new Array<Opcode | undefined>(OP_CODES_MAX).fill(undefined);
  expand(SCALAR_ROWS, table);
  expand(VECTOR_ROWS, table);
  return table;
}

/** All instructions by unified code; `undefined` where no instruction has that code. */
export const OPCODES: readonly (Opcode | undefined)[] = build();

const byName = new Map(OPCODES.flatMap((opcode) => (opcode === undefined ? [] : [[opcode.name, opcode.op]])));

/** Unified code of an instruction by its name in the text format. */
export function opOf(name: string): number {
  const op = byName.get(name);
  assert(op !== undefined, `instruction ${name} exists`);
  return op;
}

/** Name of an instruction for messages. */
export function opName(op: number): string {
  return OPCODES[op]?.name ?? `opcode 0x${op.toString(16)}`;
}

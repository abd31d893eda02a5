/** Values of the interpreter: types and bits, never numbers through which a NaN would lose its payload. */

/** Value types of WebAssembly 2.0. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128" | "funcref" | "externref";

/**
 * A value as its bits, unsigned: below 2^32 for i32 and f32, 2^64 for i64 and f64, 2^128 for v128 with lane 0 lowest. A
 * funcref is the index of its function in the instance that owns it, an externref whatever number the host chose;
 * {@link NULL_REFERENCE} is the null of both.
 */
export interface Value {
  readonly type: ValueType;
  readonly bits: bigint;
}

export const NULL_REFERENCE: bigint = (1n << 64n) - 1n;

/** How a call ended. `fuel` is the sum over all executed instructions, the trapping one included. */
export type Outcome =
  | { readonly kind: "returned"; readonly values: Value[]; readonly fuel: bigint }
  | { readonly kind: "trapped"; readonly trap: TrapKind; readonly fuel: bigint }
  /** The next instruction costs more than is left; `fuel` is what was paid before it. */
  | { readonly kind: "out-of-fuel"; readonly fuel: bigint }
  | { readonly kind: "out-of-depth"; readonly fuel: bigint }
  | { readonly kind: "out-of-steps"; readonly fuel: bigint };

/** The finer kinds of a trap, as the executor names them for people. */
export type TrapKind =
  | "unreachable"
  | "integer divide by zero"
  | "integer remainder by zero"
  | "integer overflow"
  | "invalid conversion to integer"
  | "table access out of bounds"
  | "indirect call"
  | "memory access out of bounds";

/** Ends the running call. */
export class Trap extends Error {
  readonly kind: TrapKind;

  constructor(kind: TrapKind) {
    super(kind);
    this.kind = kind;
  }
}

/** The module cannot be linked with these imports. */
export class LinkFailure extends Error {}

/** What one call may use. Absent: no limit but the default depth. */
export interface CallBudget {
  readonly fuel?: bigint;
  /** Bytes of the logical stack. */
  readonly depth?: number;
  /** Instructions executed; ends endless programs. */
  readonly steps?: number;
}

/** Bytes of logical stack that a call gets where none are named. */
export const DEPTH_DEFAULT: number = 64 * 1024 * 1024;

const valueTypeBytes: Readonly<Record<number, ValueType>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
  0x70: "funcref",
  0x6f: "externref",
};

export function valueTypeOf(byte: number): ValueType {
  const type = valueTypeBytes[byte];
  if (type === undefined) throw new Error(`0x${byte.toString(16)} is no value type`);
  return type;
}

/** Words of 8 bytes. */
export function wordsOf(type: ValueType): number {
  return type === "v128" ? 2 : 1;
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export function sameTypes(a: FunctionType, b: FunctionType): boolean {
  const text = ({ parameters, results }: FunctionType): string => `${parameters.join()}:${results.join()}`;
  return a === b || text(a) === text(b);
}

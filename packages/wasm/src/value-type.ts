/**
 * Value types by their byte in the binary format. Numbers, not names, because the validator compares millions of
 * them.
 */

/** Value types of the frozen feature set; `EXTERNREF` only passes the `conformance` profile. */
export const ValueType = {
  I32: 0x7f,
  I64: 0x7e,
  F32: 0x7d,
  F64: 0x7c,
  V128: 0x7b,
  FUNCREF: 0x70,
  EXTERNREF: 0x6f,
} as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

const names: Readonly<Record<number, string>> = {
  [ValueType.I32]: "i32",
  [ValueType.I64]: "i64",
  [ValueType.F32]: "f32",
  [ValueType.F64]: "f64",
  [ValueType.V128]: "v128",
  [ValueType.FUNCREF]: "funcref",
  [ValueType.EXTERNREF]: "externref",
};

/** Name of a value type for messages. */
export function valueTypeName(type: number): string {
  return names[type] ?? `type 0x${type.toString(16)}`;
}

/** True for a byte that is a value type, reference types included. */
export function isValueType(byte: number): byte is ValueType {
  return names[byte] !== undefined;
}

export function isReferenceType(type: number): boolean {
  return type === ValueType.FUNCREF || type === ValueType.EXTERNREF;
}

/** Words of 8 bytes that a value counts for in frame prices: a vector is two, everything else one. */
export function valueWords(type: number): number {
  return type === ValueType.V128 ? 2 : 1;
}

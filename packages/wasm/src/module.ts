/**
 * A decoded module: everything but the instructions, which stay bytes and are read on the way by whoever needs
 * them.
 */

import { valueTypeName } from "./value-type.js";
import type { ValueType } from "./value-type.js";

/** Half-open range of byte offsets into the module. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export const SectionId = {
  CUSTOM: 0,
  TYPE: 1,
  IMPORT: 2,
  FUNCTION: 3,
  TABLE: 4,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  ELEMENT: 9,
  CODE: 10,
  DATA: 11,
  DATA_COUNT: 12,
} as const;

/** Kinds of imports and exports, by their byte. */
export const ExternalKind = { FUNCTION: 0, TABLE: 1, MEMORY: 2, GLOBAL: 3 } as const;
export type ExternalKind = (typeof ExternalKind)[keyof typeof ExternalKind];

/** One section: `start` at its id byte, `contentStart` after its size. */
export interface Section extends ByteRange {
  readonly id: number;
  readonly contentStart: number;
}

export interface CustomSection extends Section {
  readonly name: string;
  /** First byte after the name. */
  readonly payloadStart: number;
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** `(i32, i64) -> (i32)` for messages. */
export function functionTypeName(type: FunctionType | undefined): string {
  const list = (types: readonly ValueType[]): string => `(${types.map(valueTypeName).join(", ")})`;
  return type === undefined ? "unknown" : `${list(type.parameters)} -> ${list(type.results)}`;
}

export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

export interface TableType extends Limits {
  readonly element: ValueType;
}

export interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

export interface Import extends ByteRange {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Index in the index space of its kind. */
  readonly index: number;
}

export interface Export extends ByteRange {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
}

/** Bytes of a constant expression, `end` included. */
export type InitExpression = ByteRange;

export interface Global extends GlobalType {
  /** `undefined`: imported. */
  readonly init: InitExpression | undefined;
}

export interface ElementSegment extends ByteRange {
  readonly mode: "active" | "passive" | "declarative";
  readonly type: ValueType;
  /** Active: table index and offset expression. */
  readonly table: number;
  readonly offset: InitExpression | undefined;
  /** Function indices, or `undefined` where the segment holds expressions. */
  readonly functions: readonly number[] | undefined;
  readonly expressions: readonly InitExpression[] | undefined;
}

export interface DataSegment extends ByteRange {
  readonly mode: "active" | "passive";
  readonly memory: number;
  readonly offset: InitExpression | undefined;
  readonly bytesStart: number;
  readonly bytesEnd: number;
}

/** Locals of the same type in a row, as written; empty groups are left out. */
export interface LocalsGroup {
  readonly count: number;
  readonly type: ValueType;
}

/** A function body: `start` at its size field, instructions from `codeStart` to `end`, the last one being `end`. */
export interface FunctionBody extends ByteRange {
  /** First byte after the size field: the locals. */
  readonly contentStart: number;
  readonly codeStart: number;
  readonly localsGroups: readonly LocalsGroup[];
  /** Declared locals, parameters not counted. */
  readonly localsCount: number;
}

/** Index spaces hold imports first, as the format does. All arrays are in module order. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly customSections: readonly CustomSection[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** Type index per function, imported ones first. */
  readonly functions: readonly number[];
  readonly importedFunctions: number;
  readonly tables: readonly TableType[];
  readonly importedTables: number;
  readonly memories: readonly Limits[];
  readonly importedMemories: number;
  readonly globals: readonly Global[];
  readonly importedGlobals: number;
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  /** `undefined`: no data count section. */
  readonly dataCount: number | undefined;
  /** Body of function `importedFunctions + index`. */
  readonly code: readonly FunctionBody[];
  readonly data: readonly DataSegment[];
}

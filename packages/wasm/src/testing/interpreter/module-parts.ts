/** A module taken apart into what running it needs. Reads valid modules only and keeps bodies as bytes. */

import { ByteSource } from "./byte-source.js";
import type { FunctionType, ValueType } from "./value.js";
import { valueTypeOf } from "./value.js";

export interface Range {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

export interface TableType extends Range {
  readonly type: ValueType;
}

export interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

export type ImportKind =
  | { readonly kind: "function"; readonly type: number }
  | ({ readonly kind: "table" } & { readonly table: TableType })
  | { readonly kind: "memory"; readonly range: Range }
  | { readonly kind: "global"; readonly global: GlobalType };

export type Import = { readonly module: string; readonly name: string } & ImportKind;

/** Constant expressions have one instruction in this feature set. */
export type Initialiser =
  | { readonly kind: "bits"; readonly bits: bigint }
  | { readonly kind: "global"; readonly global: number }
  | { readonly kind: "null" }
  | { readonly kind: "function"; readonly index: number };

export type Placement =
  | { readonly mode: "active"; readonly target: number; readonly offset: Initialiser }
  | { readonly mode: "passive" | "declarative" };

export interface ElementSegment {
  readonly placement: Placement;
  readonly items: readonly Initialiser[];
}

export interface DataSegment {
  readonly placement: Placement;
  readonly bytes: Uint8Array;
}

export interface Body {
  /** From the locals to the final end, both included. */
  readonly start: number;
  readonly end: number;
}

export interface ModuleParts {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** Type indices of the module's own functions. */
  readonly functions: readonly number[];
  readonly tables: readonly TableType[];
  readonly memories: readonly Range[];
  readonly globals: readonly (GlobalType & { readonly init: Initialiser })[];
  readonly exports: readonly { readonly name: string; readonly kind: number; readonly index: number }[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  readonly bodies: readonly Body[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function takeApart(bytes: Uint8Array): ModuleParts {
  const parts: Writable<ModuleParts> = {
    bytes,
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    start: undefined,
    elements: [],
    data: [],
    bodies: [],
  };
  const source = new ByteSource(bytes, 8);
  while (!source.done) {
    const id = source.byte();
    const size = source.u32();
    const section = new ByteSource(bytes, source.offset, source.offset + size);
    readSection(id, section, parts);
    source.offset += size;
  }
  return parts;
}

function readSection(id: number, source: ByteSource, parts: Writable<ModuleParts>): void {
  switch (id) {
    case 1:
      parts.types = source.list(() => {
        source.byte();
        const parameters = valueTypes(source);
        return { parameters, results: valueTypes(source) };
      });
      break;
    case 2:
      parts.imports = source.list(() => importOf(source));
      break;
    case 3:
      parts.functions = source.list(() => source.u32());
      break;
    case 4:
      parts.tables = source.list(() => tableOf(source));
      break;
    case 5:
      parts.memories = source.list(() => rangeOf(source));
      break;
    case 6:
      parts.globals = source.list(() => ({ ...globalOf(source), init: initialiser(source) }));
      break;
    case 7:
      parts.exports = source.list(() => ({ name: source.name(), kind: source.byte(), index: source.u32() }));
      break;
    case 8:
      parts.start = source.u32();
      break;
    case 9:
      parts.elements = source.list(() => elementOf(source));
      break;
    case 10:
      parts.bodies = source.list(() => {
        const size = source.u32();
        const start = source.offset;
        source.offset += size;
        return { start, end: start + size };
      });
      break;
    case 11:
      parts.data = source.list(() => dataOf(source));
      break;
    default:
      break;
  }
}

export function valueTypes(source: ByteSource): ValueType[] {
  return source.list(() => valueTypeOf(source.byte()));
}

function rangeOf(source: ByteSource): Range {
  const flags = source.byte();
  const minimum = source.u32();
  return { minimum, maximum: (flags & 1) === 1 ? source.u32() : undefined };
}

function tableOf(source: ByteSource): TableType {
  const type = valueTypeOf(source.byte());
  return { type, ...rangeOf(source) };
}

function globalOf(source: ByteSource): GlobalType {
  const type = valueTypeOf(source.byte());
  return { type, mutable: source.byte() === 1 };
}

function importOf(source: ByteSource): Import {
  const names = { module: source.name(), name: source.name() };
  switch (source.byte()) {
    case 0:
      return { ...names, kind: "function", type: source.u32() };
    case 1:
      return { ...names, kind: "table", table: tableOf(source) };
    case 2:
      return { ...names, kind: "memory", range: rangeOf(source) };
    default:
      return { ...names, kind: "global", global: globalOf(source) };
  }
}

function initialiser(source: ByteSource): Initialiser {
  const init = constant(source);
  if (source.byte() !== 0x0b) throw new Error("a constant expression has one instruction");
  return init;
}

function constant(source: ByteSource): Initialiser {
  const code = source.byte();
  switch (code) {
    case 0x41:
      return { kind: "bits", bits: BigInt.asUintN(32, BigInt(source.signed())) };
    case 0x42:
      return { kind: "bits", bits: BigInt.asUintN(64, source.s64()) };
    case 0x43:
      return { kind: "bits", bits: source.bits(4) };
    case 0x44:
      return { kind: "bits", bits: source.bits(8) };
    case 0xfd:
      source.u32();
      return { kind: "bits", bits: source.bits(16) };
    case 0x23:
      return { kind: "global", global: source.u32() };
    case 0xd0:
      source.byte();
      return { kind: "null" };
    case 0xd2:
      return { kind: "function", index: source.u32() };
    default:
      throw new Error(`opcode 0x${code.toString(16)} is not constant`);
  }
}

/** Bit 0: not active. Bit 1: explicit table, or declarative. Bit 2: expressions instead of indices. */
function elementOf(source: ByteSource): ElementSegment {
  const flags = source.u32();
  const explicit = (flags & 2) !== 0;
  let placement: Placement = { mode: explicit ? "declarative" : "passive" };
  if ((flags & 1) === 0) {
    const target = explicit ? source.u32() : 0;
    placement = { mode: "active", target, offset: initialiser(source) };
  }
  if ((flags & 3) !== 0) source.byte();
  const items = source.list(() =>
    (flags & 4) !== 0 ? initialiser(source) : ({ kind: "function", index: source.u32() } as const),
  );
  return { placement, items };
}

function dataOf(source: ByteSource): DataSegment {
  const flags = source.u32();
  let placement: Placement = { mode: "passive" };
  if (flags !== 1) {
    const target = flags === 2 ? source.u32() : 0;
    placement = { mode: "active", target, offset: initialiser(source) };
  }
  return { placement, bytes: source.bytes(source.u32()) };
}

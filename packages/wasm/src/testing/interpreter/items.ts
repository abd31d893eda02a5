/** What instances are made of and share by import and export: functions, tables, memories, globals. */

import type { GlobalType, Range, TableType } from "./module-parts.js";
import { SLOT_BYTES } from "./operation.js";
import type { FunctionType, Value, ValueType } from "./value.js";
import { NULL_REFERENCE } from "./value.js";
import type { InstanceState } from "./instance-state.js";

export const PAGE_BYTES = 65_536;
const PAGES_CEILING = 65_536;

/** Something of the host that guests hold and cannot look into. */
export interface Extern {
  readonly kind: "extern";
  readonly bits: bigint;
}

export type Callable = WasmFunction | HostFunction | ImportedFunction;
export type Reference = Callable | Extern | null;

export interface WasmFunction {
  readonly kind: "function";
  readonly type: FunctionType;
  readonly instance: InstanceState;
  /** Index in its instance, which is also its bits. */
  readonly index: number;
  readonly body: number;
}

/** What a host function may do besides answering. */
export interface HostCall {
  readonly memory: Uint8Array | undefined;
  /** Charges fuel for what was done, on top of the price of the call. */
  charge(fuel: number): void;
}

export interface HostFunction {
  readonly kind: "host-function";
  readonly type: FunctionType;
  call(values: readonly Value[], host: HostCall): readonly Value[];
}

/** A function of somebody else as its importer has it: every call through it has the price of a host call. */
export interface ImportedFunction {
  readonly kind: "imported-function";
  readonly type: FunctionType;
  readonly index: number;
  readonly target: WasmFunction | HostFunction;
}

export class Memory {
  readonly kind = "memory";
  readonly range: Range;
  bytes: Uint8Array;
  view: DataView;

  constructor(range: Range) {
    this.range = range;
    this.bytes = new Uint8Array(range.minimum * PAGE_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  get pages(): number {
    return this.bytes.length / PAGE_BYTES;
  }

  /** Pages before, or -1: decided by quota and declared maximum only. */
  grow(count: number, quota: number): number {
    const before = this.pages;
    const limit = Math.min(quota, this.range.maximum ?? PAGES_CEILING, PAGES_CEILING);
    if (before + count > limit) return -1;
    if (count === 0) return before;
    const bytes = new Uint8Array((before + count) * PAGE_BYTES);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    return before;
  }
}

export class Table {
  readonly kind = "table";
  readonly type: TableType;
  readonly elements: Reference[];

  constructor(type: TableType) {
    this.type = type;
    this.elements = new Array<Reference>(type.minimum).fill(null);
  }

  /** Elements before, or -1. */
  grow(count: number, value: Reference): number {
    const before = this.elements.length;
    if (before + count > (this.type.maximum ?? TABLE_CEILING) || before + count > TABLE_CEILING) return -1;
    for (let index = 0; index < count; index++) this.elements.push(value);
    return before;
  }
}

/** What an engine lets a table grow to. */
const TABLE_CEILING = 10_000_000;

export class Global {
  readonly kind = "global";
  readonly type: GlobalType;
  /** One slot. */
  readonly view: DataView = new DataView(new ArrayBuffer(SLOT_BYTES));
  reference: Reference = null;

  constructor(type: GlobalType) {
    this.type = type;
  }
}

/** Anything that can be imported. */
export type HostItem = Callable | Memory | Table | Global;

/** A function of the host. It gets and gives bits. */
export function hostFunction(
  parameters: readonly ValueType[],
  results: readonly ValueType[],
  call: HostFunction["call"] = () => [],
): HostFunction {
  return { kind: "host-function", type: { parameters, results }, call };
}

/** A global of the host. */
export function hostGlobal(value: Value, mutable = false): Global {
  const global = new Global({ type: value.type, mutable });
  putValue(global.view, 0, value);
  if (value.type === "externref" && value.bits !== NULL_REFERENCE) {
    global.reference = { kind: "extern", bits: value.bits };
  }
  return global;
}

export function isReferenceType(type: ValueType): boolean {
  return type === "funcref" || type === "externref";
}

/** Writes the bits of a number or vector into a slot. */
export function putValue(view: DataView, at: number, { bits }: Value): void {
  view.setBigUint64(at, BigInt.asUintN(64, bits), true);
  view.setBigUint64(at + 8, bits >> 64n, true);
}

/** Bits of a slot as a value. */
export function valueAt(view: DataView, at: number, type: ValueType, reference: Reference): Value {
  switch (type) {
    case "i32":
    case "f32":
      return { type, bits: BigInt(view.getUint32(at, true)) };
    case "i64":
    case "f64":
      return { type, bits: view.getBigUint64(at, true) };
    case "v128":
      return { type, bits: (view.getBigUint64(at + 8, true) << 64n) | view.getBigUint64(at, true) };
    default:
      return { type, bits: bitsOfReference(reference) };
  }
}

function bitsOfReference(reference: Reference): bigint {
  if (reference === null) return NULL_REFERENCE;
  if (reference.kind === "extern") return reference.bits;
  return reference.kind === "host-function" ? 0n : BigInt(reference.index);
}

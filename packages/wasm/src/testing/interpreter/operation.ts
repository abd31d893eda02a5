/**
 * How the meaning of plain instructions is written down: one row of code, name, types and a step that works on the
 * operands of a machine. Slots have 16 bytes; a value lies in the lowest of them, little endian.
 */

import type { Memory } from "./items.js";
import { Trap } from "./value.js";

/** What steps see of the running machine. */
export interface Operands {
  /** All slots. */
  view: DataView;
  /** Byte offset behind the topmost slot. */
  top: number;
  /** Memory of the running instance. */
  memory: Memory | undefined;
}

export interface Immediates {
  /** Offset of a memory access, or the first index. */
  readonly a: number;
  /** Lane, or the second index. */
  readonly b: number;
  readonly bytes: Uint8Array | undefined;
}

export type Step = (machine: Operands, immediates: Immediates) => void;

export interface Operation {
  /** One-byte opcodes as they are, `0xfc n` and `0xfd n` as prefix * 256 + n. */
  readonly code: number;
  readonly name: string;
  /** One letter per value: i i32, l i64, f f32, d f64, v v128. */
  readonly operands: string;
  readonly results: string;
  readonly step: Step;
}

export const SLOT_BYTES = 16;
export const FC = 0xfc00;
export const FD = 0xfd00;

export function operation(code: number, name: string, types: string, step: Step): Operation {
  const [operands = "", results = ""] = types.split(":");
  return { code, name, operands, results, step };
}

/** Consecutive codes: `[name, function]` rows through one maker. */
export function row<F>(
  first: number,
  make: (code: number, name: string, f: F) => Operation,
  entries: readonly (readonly [string, F])[],
): Operation[] {
  return entries.map(([name, f], index) => make(first + index, name, f));
}

const CANONICAL_32 = 0x7fc0_0000;
const CANONICAL_64 = 0x7ff8_0000_0000_0000n;

/** A computed f32: any NaN becomes the positive canonical one. */
export function putF32(view: DataView, at: number, value: number): void {
  if (Number.isNaN(value)) view.setUint32(at, CANONICAL_32, true);
  else view.setFloat32(at, value, true);
}

export function putF64(view: DataView, at: number, value: number): void {
  if (Number.isNaN(value)) view.setBigUint64(at, CANONICAL_64, true);
  else view.setFloat64(at, value, true);
}

export function memoryOf(machine: Operands): Memory {
  if (machine.memory === undefined) throw new Error("valid code has a memory");
  return machine.memory;
}

/** Byte address of an access of `width` bytes, which must lie in memory. */
export function addressOf(machine: Operands, base: number, offset: number, width: number): number {
  const address = base + offset;
  if (address + width > memoryOf(machine).bytes.length) throw new Trap("memory access out of bounds");
  return address;
}

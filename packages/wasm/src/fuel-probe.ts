/**
 * What a module that is instrumented for profiling tells, and to whom. Its probes are two imported functions of the
 * probe module below, which writes what it hears as 32-bit words into a ring of its own; nothing in the profiled
 * module changes but that these calls are there. A word is a code: 0 leaves a function, 1 + n enters function n,
 * everything above stands for a place of the map. Places whose fuel depends on an operand are followed by the operand.
 */

import { Encoder } from "./encoder.js";
import type { LinearCost } from "./cost-table.js";
import { OpByte } from "./op-byte.js";
import { ValueType } from "./value-type.js";

/** Imports of a profiled module, beside those of the host: `(code: i32)` and `(code: i32, operand: i32)`. */
export const ProbeImport = { module: "wasm_engine_probe", code: "code", operand: "operand" } as const;

/** The word that leaves a function. */
export const LEAVE = 0;

/** Pages of the ring, and bytes of it that hold words when it is handed over at the latest. */
const ringPages = 4;
const ringBytes: number = ringPages * 65_536;

/** A place where fuel is charged. */
export interface ProbePlace {
  /** Index in the original module's function space. */
  readonly function: number;
  /** First byte of the segment, or of the instruction, in the original module; -1: the thunk of a host function. */
  readonly offset: number;
  /** Fuel each time. With `linear`, for each unit of the operand instead. */
  readonly fuel: number;
  /** Present where an operand decides: `(operand >> shift) * fuel`. */
  readonly linear?: { readonly shift: number };
}

/** Gives codes to places while a module is being written. */
export class ProbeList {
  readonly #functions: number;
  readonly places: ProbePlace[] = [];

  /** @param functions number of functions of the original, imported ones counted */
  constructor(functions: number) {
    this.#functions = functions;
  }

  enter(index: number): number {
    return 1 + index;
  }

  /** A straight-line segment of a fixed price. */
  segment(index: number, offset: number, fuel: number): number {
    return this.#add({ function: index, offset, fuel });
  }

  /** An instruction, or a host function's own charge, whose price depends on an operand. */
  linear(index: number, offset: number, { shift, unit }: LinearCost): number {
    return this.#add({ function: index, offset, fuel: unit, linear: { shift } });
  }

  #add(place: ProbePlace): number {
    this.places.push(place);
    return this.#functions + this.places.length;
  }
}

/**
 * The probe module. Imports `host.flush ()`: the ring is full, take the words and set the position to 0. Exports
 * `memory`, the mutable global `position` (bytes in use), `code (i32)` and `operand (i32, i32)`.
 */
export function probeModule(): Uint8Array {
  const { I32 } = ValueType;
  const output = new Encoder(256).op(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  const types = new Encoder().u32(3).op(0x60, 0, 0, 0x60, 1, I32, 0, 0x60, 2, I32, I32, 0);
  const exports = new Encoder().u32(4).ascii("memory").op(2, 0).ascii("position").op(3, 0);
  exports.ascii(ProbeImport.code).op(0, 1).ascii(ProbeImport.operand).op(0, 2);
  output.section(1, types);
  output.section(2, new Encoder().u32(1).ascii("host").ascii("flush").op(0, 0));
  output.section(3, new Encoder().u32(2).op(1, 2));
  output.section(5, new Encoder().u32(1).op(1, ringPages, ringPages));
  output.section(6, new Encoder().u32(1).op(I32, 1, OpByte.I32_CONST, 0, OpByte.END));
  output.section(7, exports);
  output.section(10, new Encoder().u32(2).sized(writeWords(1)).sized(writeWords(2)));
  return output.finish();
}

/** Writes its parameters behind each other, after handing a full ring over. */
function writeWords(count: number): Encoder {
  const body = new Encoder(64).byte(0);
  body.op(OpByte.GLOBAL_GET, 0, OpByte.I32_CONST).s32(ringBytes - 4 * count);
  body.op(i32GreaterUnsigned, OpByte.IF, OpByte.VOID, OpByte.CALL, 0, OpByte.END);
  for (let word = 0; word < count; word++) {
    body.op(OpByte.GLOBAL_GET, 0, OpByte.LOCAL_GET, word, i32Store, 2).u32(4 * word);
  }
  body.op(OpByte.GLOBAL_GET, 0, OpByte.I32_CONST, 4 * count, i32Add, OpByte.GLOBAL_SET, 0);
  return body.byte(OpByte.END);
}

const i32GreaterUnsigned = 0x4b;
const i32Store = 0x36;
const i32Add = 0x6a;

/**
 * Reads one instruction at a time without allocating: the fields of the reader are the instruction. It checks the
 * binary format and nothing else; indices and types are the validator's business.
 */

import { assert } from "@wasm-engine/abi";
import type { EngineError } from "@wasm-engine/abi";
import { BinaryReader, malformed } from "./binary-reader.js";
import { featureRefused as refused } from "./feature.js";
import { foreignType } from "./foreign-type.js";
import { FC, FD, OPCODES } from "./opcodes.js";
import type { Opcode } from "./opcodes.js";
import { isReferenceType, isValueType } from "./value-type.js";

/** Block type `[] -> []`. Other negative block types are {@link blockValueType}s, the rest type indices. */
export const EMPTY_BLOCK = -0x40;

/** Made when the first labels come: readers of constant expressions, of which there are many, never meet any. */
const noLabels = new Uint32Array(0);
const labelsRoom = 64;

/** Value type of a negative block type other than {@link EMPTY_BLOCK}. */
export function blockValueType(blockType: number): number {
  return blockType & 0x7f;
}

/**
 * Iterates over instructions: set `offset`, call `next()`, read the fields. Fields that the instruction does not
 * have keep older values.
 *
 * @example
 * const reader = new InstructionReader(module.bytes, body.codeStart, body.end);
 * while (!reader.done) { reader.next(); use(reader.op, reader.index, reader.start, reader.offset); }
 */
export class InstructionReader {
  readonly #reader: BinaryReader;
  /** Unified code of the instruction (see opcodes.ts). */
  op = 0;
  /** Row of the instruction in the table. */
  opcode: Opcode;
  /** First byte of the instruction. */
  start = 0;
  /** First byte of the immediates. */
  immediatesStart = 0;
  /**
   * label, function, local, global, table, type (call_indirect), data or element index; lane; type of ref.null.
   * First of two indices.
   */
  index = 0;
  /** Second index: table of call_indirect and table.init, source of table.copy, memory of memory.init. */
  index2 = 0;
  /** block, loop, if: {@link EMPTY_BLOCK}, negative value type or type index. */
  blockType = 0;
  /** Memory access: log2 of the alignment hint, and the offset. */
  align = 0;
  memoryOffset = 0;
  /** i32.const. */
  i32 = 0;
  /** br_table: labels without the default, which is in `index`. select_typed: `labels[0]` is the type. */
  labels: Uint32Array = noLabels;
  labelsCount = 0;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.#reader = new BinaryReader(bytes, offset, end);
    const nop = OPCODES[1];
    assert(nop !== undefined, "the table holds nop");
    this.opcode = nop;
  }

  /** First byte after the instruction read last. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** True when nothing is left to read. */
  get done(): boolean {
    return this.#reader.done;
  }

  /** Goes to another place of the same bytes. */
  seek(offset: number, end: number): void {
    this.#reader.offset = offset;
    this.#reader.end = end;
  }

  /** i64.const read last. Kept out of the fields because it allocates. */
  i64(): bigint {
    return new BinaryReader(this.#reader.bytes, this.immediatesStart, this.#reader.offset).s64();
  }

  /**
   * Reads the instruction at `offset` and moves behind it.
   * @throws {WE_MODULE_MALFORMED} where the bytes are no instruction.
   * @throws {WE_MODULE_FEATURE_REFUSED} for instructions of refused features that cannot even be decoded.
   */
  next(): void {
    const reader = this.#reader;
    this.start = reader.offset;
    const byte = reader.byte();
    const op = byte < 0xfb ? byte : this.#prefixed(byte);
    const opcode = OPCODES[op];
    if (opcode === undefined) throw illegal(byte, op & 0xff, this.start);
    if (opcode.refused !== undefined && opcode.refused !== "table-mutation") {
      throw refused(opcode.refused, opcode.name, this.start);
    }
    this.op = op;
    this.opcode = opcode;
    this.immediatesStart = reader.offset;
    if (opcode.immediates !== "none") this.#immediates(opcode);
  }

  #prefixed(prefix: number): number {
    if (prefix === 0xfb) throw refused("gc", "prefix 0xfb", this.start);
    if (prefix === 0xfe) throw refused("threads", "prefix 0xfe", this.start);
    if (prefix === 0xff) throw illegal(prefix, 0, this.start);
    const code = this.#reader.u32();
    if (prefix === 0xfd && code >= 0x100 && code < 0x200) {
      throw refused("relaxed-simd", `vector opcode 0x${code.toString(16)}`, this.start);
    }
    if (code >= 0x100) {
      throw illegal(prefix, code, this.start);
    }
    return prefix === 0xfc ? FC + code : FD + code;
  }

  #immediates(opcode: Opcode): void {
    const reader = this.#reader;
    switch (opcode.immediates) {
      case "none":
        break;
      case "block":
        this.#block();
        break;
      case "label":
      case "function":
      case "local":
      case "global":
      case "table":
      case "element":
      case "data":
        this.index = reader.u32();
        break;
      case "labels":
        this.#labels();
        break;
      case "indirect":
      case "table-table":
      case "element-table":
        this.index = reader.u32();
        this.index2 = reader.u32();
        break;
      case "memory-access":
        this.#memoryAccess();
        break;
      case "memory-lane":
        this.#memoryAccess();
        this.index = reader.byte();
        break;
      case "memory":
        this.#memoryIndex();
        break;
      case "memory-memory":
        this.#memoryIndex();
        this.#memoryIndex();
        break;
      case "data-memory":
        this.index = reader.u32();
        this.#memoryIndex();
        break;
      case "i32":
      case "i64":
      case "f32":
      case "f64":
      case "v128":
      case "shuffle":
        this.#constant(opcode.immediates);
        break;
      case "lane":
        this.index = reader.byte();
        break;
      case "reference-type":
        this.index = this.#referenceType();
        break;
      case "types":
        this.#types();
        break;
    }
  }

  /** Only i32 is decoded; the others keep their place, `immediatesStart`. */
  #constant(kind: "i32" | "i64" | "f32" | "f64" | "v128" | "shuffle"): void {
    const reader = this.#reader;
    if (kind === "i32") this.i32 = reader.s32();
    else if (kind === "i64") reader.skipS64();
    else reader.skip(kind === "f32" ? 4 : kind === "f64" ? 8 : 16);
  }

  #block(): void {
    const reader = this.#reader;
    const start = reader.offset;
    const byte = reader.bytes[start] ?? 0;
    const type = reader.s33();
    // Types are bytes: another encoding of the same negative number is not a type.
    if (type < 0 && reader.offset !== start + 1) throw malformed("malformed block type", start);
    if (type < 0 && type !== EMPTY_BLOCK && !isValueType(byte)) throw foreignType(byte, start);
    this.blockType = type;
  }

  #labels(): void {
    const reader = this.#reader;
    const count = reader.u32();
    // Each label takes at least one byte, so a lying count is found before anything is allocated for it.
    if (count > reader.end - reader.offset) throw malformed("unexpected end", reader.end);
    if (count > this.labels.length) this.labels = new Uint32Array(Math.max(count, labelsRoom));
    const labels = this.labels;
    for (let index = 0; index < count; index++) labels[index] = reader.u32();
    this.labelsCount = count;
    this.index = reader.u32();
  }

  #memoryAccess(): void {
    const start = this.#reader.offset;
    const align = this.#reader.u32();
    if (align >= 0x40 && align < 0x80) throw refused("multi-memory", this.opcode.name, start);
    if (align >= 0x80) throw malformed("malformed memory access flags", start);
    this.align = align;
    this.memoryOffset = this.#reader.u32();
  }

  #memoryIndex(): void {
    const start = this.#reader.offset;
    const byte = this.#reader.byte();
    if (byte === 0) return;
    if (byte < 0x80) throw refused("multi-memory", this.opcode.name, start);
    throw malformed("zero byte expected", start);
  }

  #referenceType(): number {
    const reader = this.#reader;
    const start = reader.offset;
    const byte = reader.byte();
    if (isReferenceType(byte)) return byte;
    reader.offset = start;
    if (reader.s33() >= 0) throw refused("function-references", "type index of ref.null", start);
    throw foreignType(byte, start);
  }

  #types(): void {
    const reader = this.#reader;
    const start = reader.offset;
    const count = reader.u32();
    if (count !== 1) throw malformed(`invalid result arity of select: ${count}`, start);
    const type = reader.byte();
    if (!isValueType(type)) throw foreignType(type, start + 1);
    if (this.labels.length === 0) this.labels = new Uint32Array(labelsRoom);
    this.labels[0] = type;
    this.labelsCount = 1;
  }
}

function illegal(byte: number, code: number, offset: number): EngineError {
  const suffix = byte === 0xfc || byte === 0xfd ? ` 0x${code.toString(16)}` : "";
  return malformed(`illegal opcode 0x${byte.toString(16)}${suffix}`, offset);
}

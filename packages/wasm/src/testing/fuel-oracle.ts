/**
 * The simplest metering there is: before every single original instruction, live or dead, its price is taken from a
 * global. It shares prices and the instruction reader with the instrumenter and none of its analysis: no segments,
 * no liveness, no cached counter. Whatever both agree on is the sum of the executed instructions.
 *
 * On request it also makes every NaN canonical right where it is made, counts them, and marks executed instructions.
 */

import { COSTS, PARTS } from "../cost-table.js";
import { Encoder } from "../encoder.js";
import { InstructionReader } from "../instruction-reader.js";
import { ExternalKind } from "../module.js";
import type { ByteRange, ElementSegment, FunctionBody, FunctionType, WasmModule } from "../module.js";
import { readModule } from "../module-reader.js";
import type { Profile } from "../module-draft.js";
import { OP_CODES_MAX } from "../opcodes.js";

/** Name under which the counter is exported; the same as the instrumenter's. */
const FUEL_EXPORT = "__we_fuel";
/** 2^61 as signed LEB128: what the counter starts with. */
const plenty = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
/** i32: instructions that made a NaN so far. */
export const NAN_EXPORT = "__oracle_nan";
/** i64 globals with a bit per unified code that was executed; a number follows. */
export const COVER_EXPORT = "__oracle_cover";
const coverGlobals = OP_CODES_MAX / 64;
const nan32 = [0, 0, 0xc0, 0x7f];
const nan64 = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;

export interface OracleOptions {
  /** Replace every NaN by the positive canonical one, instruction by instruction. */
  readonly canonicalizeNan?: boolean;
  readonly coverage?: boolean;
  /** Whose rules count for imported functions that are exported. @default "conformance" */
  readonly profile?: Profile;
}

/** Type of the scratch local, the canonical constant, and what tells a NaN from a number. */
const canonical = {
  f32: { scratch: 1, constant: [0x43, ...nan32], equal: [0x5b] },
  f64: { scratch: 2, constant: [0x44, ...nan64], equal: [0x61] },
  f32x4: { scratch: 3, constant: [0xfd, 0x0c, ...nan32, ...nan32, ...nan32, ...nan32], equal: [0xfd, 0x41] },
  f64x2: { scratch: 3, constant: [0xfd, 0x0c, ...nan64, ...nan64], equal: [0xfd, 0x47] },
} as const;

function words(types: Iterable<number>): number {
  let sum = 0;
  for (const type of types) sum += type === V128 ? 2 : 1;
  return sum;
}

class Oracle {
  readonly #module: WasmModule;
  readonly #counter: number;
  readonly #firstThunk: number;
  readonly #options: OracleOptions;

  constructor(module: WasmModule, options: OracleOptions) {
    this.#module = module;
    this.#options = options;
    this.#counter = module.globals.length;
    this.#firstThunk = module.functions.length;
  }

  write(): Uint8Array {
    const { bytes, sections } = this.#module;
    const output = new Encoder(bytes.length * 4).op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    const rewritten: Readonly<Record<number, () => Encoder | undefined>> = {
      3: () => this.#functions(),
      6: () => this.#globals(),
      7: () => this.#exports(),
      8: () => new Encoder().u32(this.#function(this.#module.start ?? 0)),
      9: () => this.#elements(),
      10: () => this.#code(),
    };
    const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
    for (const id of order) {
      const section = sections.find((candidate) => candidate.id === id);
      const always =
        id === 6 || id === 7 || id === 9 || (this.#module.importedFunctions > 0 && (id === 3 || id === 10));
      if (section === undefined && !always) continue;
      const content = rewritten[id]?.();
      if (content !== undefined) output.section(id, content);
      else if (section !== undefined) output.bytes(bytes, section.start, section.end);
    }
    return output.finish();
  }

  /** Calls of imported functions go through a thunk. */
  #function(index: number): number {
    return index < this.#module.importedFunctions ? this.#firstThunk + index : index;
  }

  #charge(code: Encoder, fuel: number): void {
    if (fuel === 0) return;
    code.byte(0x23).u32(this.#counter).byte(0x42).s32(fuel).byte(0x7d).byte(0x24).u32(this.#counter);
  }

  #functions(): Encoder {
    const { functions, importedFunctions } = this.#module;
    const content = new Encoder().u32(functions.length);
    for (const type of functions.slice(importedFunctions)) content.u32(type);
    for (const type of functions.slice(0, importedFunctions)) content.u32(type);
    return content;
  }

  #globals(): Encoder {
    const defined = this.#module.globals.slice(this.#module.importedGlobals);
    const content = new Encoder().u32(defined.length + 2 + coverGlobals);
    for (const { type, mutable, init } of defined) {
      content.byte(type).byte(mutable ? 1 : 0);
      this.#init(content, init);
    }
    content
      .op(I64, 1, 0x42)
      .op(...plenty)
      .op(0x0b, I32, 1, 0x41, 0, 0x0b);
    for (let index = 0; index < coverGlobals; index++) content.op(I64, 1, 0x42, 0, 0x0b);
    return content;
  }

  #exports(): Encoder {
    const content = new Encoder().u32(this.#module.exports.length + 2 + coverGlobals);
    for (const { name, kind, index } of this.#module.exports) {
      const text = new TextEncoder().encode(name);
      content.u32(text.length).bytes(text).byte(kind);
      // Exported imports stay what they are where the module is standalone; in agents they are metered.
      const passedOn = index < this.#module.importedFunctions && this.#options.profile !== "agent";
      content.u32(kind === ExternalKind.FUNCTION && !passedOn ? this.#function(index) : index);
    }
    const names = [FUEL_EXPORT, NAN_EXPORT];
    for (let index = 0; index < coverGlobals; index++) names.push(`${COVER_EXPORT}${index}`);
    for (const [index, name] of names.entries()) {
      content
        .ascii(name)
        .byte(ExternalKind.GLOBAL)
        .u32(this.#counter + index);
    }
    return content;
  }

  #init(content: Encoder, range: ByteRange | undefined): void {
    if (range === undefined) throw new Error("an initialiser is missing");
    const reader = new InstructionReader(this.#module.bytes, range.start, range.end);
    reader.next();
    if (reader.op === 0xd2) content.byte(0xd2).u32(this.#function(reader.index)).byte(0x0b);
    else content.bytes(this.#module.bytes, range.start, range.end);
  }

  /** All segments in the form with expressions: the flags are 4 plus the placement. */
  #elements(): Encoder {
    const passedOn = this.#module.exports.filter(
      ({ kind, index }) => kind === ExternalKind.FUNCTION && index < this.#module.importedFunctions,
    );
    const content = new Encoder().u32(this.#module.elements.length + 1);
    for (const segment of this.#module.elements) this.#element(content, segment);
    // Declares the thunks that stand for exported imports: `ref.func` may name these only because of the export.
    content.op(3, 0).u32(passedOn.length);
    for (const { index } of passedOn) content.u32(this.#function(index));
    return content;
  }

  #element(content: Encoder, segment: ElementSegment): void {
    const placement = { active: 6, passive: 5, declarative: 7 }[segment.mode];
    content.u32(placement);
    if (segment.mode === "active") {
      content.u32(segment.table);
      this.#init(content, segment.offset);
    }
    content.byte(segment.type);
    const { functions, expressions } = segment;
    content.u32((functions ?? expressions ?? []).length);
    for (const index of functions ?? []) content.byte(0xd2).u32(this.#function(index)).byte(0x0b);
    for (const expression of expressions ?? []) this.#init(content, expression);
  }

  #code(): Encoder {
    const { code, importedFunctions } = this.#module;
    const content = new Encoder(this.#module.bytes.length * 4).u32(code.length + importedFunctions);
    for (const [index, body] of code.entries()) content.sized(this.#body(body, importedFunctions + index));
    for (let index = 0; index < importedFunctions; index++) content.sized(this.#thunk(index));
    return content;
  }

  #thunk(index: number): Encoder {
    const thunk = new Encoder().byte(0);
    this.#charge(thunk, PARTS.hostCall);
    const { parameters } = this.#type(index);
    for (let parameter = 0; parameter < parameters.length; parameter++) thunk.byte(0x20).u32(parameter);
    return thunk.byte(0x10).u32(index).byte(0x0b);
  }

  #body(body: FunctionBody, index: number): Encoder {
    const content = new Encoder((body.end - body.start) * 6 + 64).u32(body.localsGroups.length + 4);
    let localWords = 0;
    for (const { count, type } of body.localsGroups) {
      content.u32(count).byte(type);
      localWords += count * words([type]);
    }
    content.op(1, I32, 1, F32, 1, F64, 1, V128);
    const scratch = this.#type(index).parameters.length + body.localsCount;
    this.#charge(content, PARTS.functionEntry + Math.ceil(localWords / PARTS.localWordsPerFuel));
    const reader = new InstructionReader(this.#module.bytes, body.codeStart, body.end);
    while (!reader.done) {
      reader.next();
      this.#instruction(content, reader, scratch);
    }
    return content;
  }

  #instruction(content: Encoder, reader: InstructionReader, scratch: number): void {
    const loop = reader.op === 0x03;
    if (!loop && reader.op !== 0x05) {
      this.#mark(content, reader.op);
      this.#charge(content, this.#price(reader));
    }
    this.#dynamic(content, reader, scratch);
    if (reader.op === 0x10) content.byte(0x10).u32(this.#function(reader.index));
    else if (reader.op === 0xd2) content.byte(0xd2).u32(this.#function(reader.index));
    else content.bytes(this.#module.bytes, reader.start, reader.offset);
    // Every iteration pays, and the front of an else cannot hold code.
    if (loop || reader.op === 0x05) {
      this.#mark(content, reader.op);
      this.#charge(content, this.#price(reader));
    }
    this.#canonical(content, reader, scratch);
  }

  /** Sets the bit of an instruction. */
  #mark(content: Encoder, op: number): void {
    if (this.#options.coverage !== true) return;
    const global = this.#counter + 2 + Math.floor(op / 64);
    content
      .byte(0x23)
      .u32(global)
      .op(0x42, 1, 0x42)
      .s32(op % 64);
    content.op(0x86, 0x84, 0x24).u32(global);
  }

  /** Behind an instruction that makes NaN: counts it and replaces it. */
  #canonical(content: Encoder, { opcode }: InstructionReader, firstScratch: number): void {
    if (this.#options.canonicalizeNan !== true || opcode.nan === undefined) return;
    const { scratch, constant, equal } = canonical[opcode.nan];
    const vector = scratch === 3;
    const value = firstScratch + scratch;
    const compare = (): void => {
      content.byte(0x20).u32(value).byte(0x20).u32(value);
      content.op(...equal);
    };
    content.byte(0x21).u32(value);
    compare();
    // Vectors: not all lanes equal themselves. Scalars: zero.
    content.op(...(vector ? [0xfd, 0x4d, 0xfd, 0x53] : [0x45]));
    content.byte(0x23).u32(this.#counter + 1);
    content.op(0x6a, 0x24).u32(this.#counter + 1);
    content
      .byte(0x20)
      .u32(value)
      .op(...constant);
    compare();
    content.op(...(vector ? [0xfd, 0x52] : [0x1b]));
  }

  #price({ op, opcode, index, labelsCount }: InstructionReader): number {
    const base = COSTS[opcode.cost];
    if (op === 0x0e) return base + Math.floor((labelsCount + 1) / PARTS.branchTargetsPerFuel);
    if (op === 0x10) return base + PARTS.parameterWord * words(this.#type(index).parameters);
    if (op === 0x11) return base + PARTS.parameterWord * words(this.#module.types[index]?.parameters ?? []);
    return base;
  }

  /** The part of a price that the topmost operand decides. */
  #dynamic(content: Encoder, { opcode }: InstructionReader, scratch: number): void {
    const bulk = ["memory.init", "memory.copy", "memory.fill"].includes(opcode.name);
    const table = ["table.init", "table.copy", "table.fill", "table.grow"].includes(opcode.name);
    const unit = bulk ? 1 : table ? PARTS.element : opcode.name === "memory.grow" ? PARTS.page : 0;
    if (unit === 0) return;
    content.byte(0x22).u32(scratch);
    content.byte(0x23).u32(this.#counter).byte(0x20).u32(scratch);
    if (bulk) content.byte(0x41).s32(PARTS.bulkBytesShift).byte(0x76);
    content.byte(0xad).byte(0x42).s32(unit).byte(0x7e).byte(0x7d).byte(0x24).u32(this.#counter);
  }

  #type(index: number): FunctionType {
    const type = this.#module.types[this.#module.functions[index] ?? -1];
    if (type === undefined) throw new Error(`function ${index} has no type`);
    return type;
  }
}

/** Meters a valid module instruction by instruction. It exports its counter as `__we_fuel`, which starts at 2^61. */
export function meterEachInstruction(bytes: Uint8Array, options: OracleOptions = {}): Uint8Array {
  return new Oracle(readModule(bytes, { profile: "conformance" }), options).write();
}

/**
 * A function's code as a list of instructions with their prices and the places where control goes on. What the
 * price of a frame needs is found by walking along the edges of control flow, not by following the nesting.
 */

import { ByteSource } from "./byte-source.js";
import { Code, NAMES, OPERATIONS } from "./instruction-set.js";
import type { ModuleParts } from "./module-parts.js";
import { valueTypes } from "./module-parts.js";
import { FC, FD } from "./operation.js";
import type { Immediates, Step } from "./operation.js";
import { FUEL_TABLE, operandPriceOf, priceOf } from "./prices.js";
import type { OperandPrice } from "./prices.js";
import type { FunctionType, ValueType } from "./value.js";
import { valueTypeOf, wordsOf } from "./value.js";

export interface Instruction extends Immediates {
  readonly code: number;
  price: number;
  /** Present where the topmost operand adds to the price. */
  readonly operandPrice: OperandPrice | undefined;
  readonly step: Step | undefined;
  /** Labels of br_table, the default last. */
  readonly labels: readonly number[];
  /** Block types, and types of callees. */
  type: FunctionType | undefined;
  /** Element types of `select_typed`. */
  readonly types: readonly ValueType[];
  /** Of block, loop, if, else: ordinal of the matching end. */
  end: number;
  /** Of if: ordinal of its else, or -1. */
  otherwise: number;
  /** Of the end of the function. */
  isLast: boolean;
}

export interface FunctionCode {
  readonly type: FunctionType;
  readonly instructions: readonly Instruction[];
  /** Declared locals, without parameters. */
  readonly locals: readonly ValueType[];
  /** Price of entering. */
  readonly entry: number;
}

const emptyType: FunctionType = { parameters: [], results: [] };
const noLabels: readonly number[] = [];
const noTypes: readonly ValueType[] = [];
const nothing: Read = {};

/** What types functions have: the decoder knows the module, not its instance. */
export interface FunctionSpace {
  readonly parts: ModuleParts;
  /** Type of every function, imported ones first. */
  readonly functionTypes: readonly FunctionType[];
}

/** Decodes a body: `body` counts the module's own functions. */
export function decodeFunction(space: FunctionSpace, body: number): FunctionCode {
  const { parts, functionTypes } = space;
  const range = parts.bodies[body];
  const type = functionTypes[functionTypes.length - parts.functions.length + body];
  if (range === undefined || type === undefined) throw new Error(`there is no body ${body}`);
  const source = new ByteSource(parts.bytes, range.start, range.end);
  const locals: ValueType[] = [];
  for (let groups = source.u32(); groups > 0; groups--) {
    const count = source.u32();
    const local = valueTypeOf(source.byte());
    for (let index = 0; index < count; index++) locals.push(local);
  }
  const words = locals.reduce((sum, local) => sum + wordsOf(local), 0);
  const instructions: Instruction[] = [];
  while (!source.done) instructions.push(decodeInstruction(source, space));
  connect(instructions);
  const entry = FUEL_TABLE.functionEntry + Math.ceil(words / FUEL_TABLE.localWordsPerFuel);
  return { type, instructions, locals, entry };
}

/** Finds the ends and elses of constructs. */
function connect(instructions: readonly Instruction[]): void {
  const open: Instruction[] = [];
  for (const [ordinal, instruction] of instructions.entries()) {
    const { code } = instruction;
    if (code === Code.BLOCK || code === Code.LOOP || code === Code.IF) {
      open.push(instruction);
    } else if (code === Code.ELSE) {
      const opener = open[open.length - 1];
      if (opener !== undefined) opener.otherwise = ordinal;
    } else if (code === Code.END) {
      const opener = open.pop();
      if (opener === undefined) {
        instruction.isLast = true;
        continue;
      }
      opener.end = ordinal;
      const otherwise = instructions[opener.otherwise];
      if (otherwise !== undefined) otherwise.end = ordinal;
    }
  }
}

/** What every instruction of a code has in common. */
interface Form {
  readonly price: number;
  readonly operandPrice: OperandPrice | undefined;
  readonly step: Step | undefined;
}

const forms: ReadonlyMap<number, Form> = new Map(
  [...NAMES].map(([code, name]) => [
    code,
    { price: priceOf(name), operandPrice: operandPriceOf(name), step: OPERATIONS.get(code)?.step },
  ]),
);

interface Read {
  a?: number;
  b?: number;
  bytes?: Uint8Array;
  labels?: number[];
  type?: FunctionType;
  types?: ValueType[];
}

function decodeInstruction(source: ByteSource, space: FunctionSpace): Instruction {
  let code = source.byte();
  if (code === 0xfc || code === 0xfd) code = code * 256 + source.u32();
  const form = forms.get(code);
  if (form === undefined) throw new Error(`opcode 0x${code.toString(16)} is unknown`);
  const read = code >= FD ? vectorImmediates(code - FD, source) : immediates(code, source, space);
  const { a = 0, b = 0, bytes, labels = noLabels, type, types = noTypes } = read;
  let { price } = form;
  if (code === Code.BR_TABLE) price += Math.floor(labels.length / FUEL_TABLE.branchTargetsPerFuel);
  if (code === Code.CALL || code === Code.CALL_INDIRECT) {
    for (const parameter of type?.parameters ?? []) price += FUEL_TABLE.parameterWord * wordsOf(parameter);
  }
  const { operandPrice, step } = form;
  return {
    code,
    price,
    operandPrice,
    step,
    a,
    b,
    bytes,
    labels,
    type,
    types,
    end: -1,
    otherwise: -1,
    isLast: false,
  };
}

function immediates(code: number, source: ByteSource, space: FunctionSpace): Read {
  switch (code) {
    case Code.BLOCK:
    case Code.LOOP:
    case Code.IF:
      return { type: blockType(source, space) };
    case Code.BR_TABLE:
      return { labels: [...source.list(() => source.u32()), source.u32()] };
    case Code.CALL: {
      const a = source.u32();
      return { a, type: typeAt(space.functionTypes, a) };
    }
    case Code.CALL_INDIRECT: {
      const a = source.u32();
      return { a, b: source.u32(), type: typeAt(space.parts.types, a) };
    }
    case Code.SELECT_TYPED:
      return { types: valueTypes(source) };
    case Code.I32_CONST:
      return { a: source.signed() };
    case Code.I64_CONST: {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, source.s64(), true);
      return { bytes };
    }
    case Code.F32_CONST:
      return { bytes: source.bytes(4) };
    case Code.F64_CONST:
      return { bytes: source.bytes(8) };
    case Code.REF_NULL:
      return { types: [valueTypeOf(source.byte())] };
    case Code.BR:
    case Code.BR_IF:
    case Code.LOCAL_GET:
    case Code.LOCAL_SET:
    case Code.LOCAL_TEE:
    case Code.GLOBAL_GET:
    case Code.GLOBAL_SET:
    case Code.TABLE_GET:
    case Code.TABLE_SET:
    case Code.MEMORY_SIZE:
    case Code.MEMORY_GROW:
    case Code.REF_FUNC:
    case Code.DATA_DROP:
    case Code.MEMORY_FILL:
    case Code.ELEM_DROP:
    case Code.TABLE_GROW:
    case Code.TABLE_SIZE:
    case Code.TABLE_FILL:
      return { a: source.u32() };
    case Code.MEMORY_INIT:
    case Code.MEMORY_COPY:
    case Code.TABLE_INIT:
    case Code.TABLE_COPY:
      return { a: source.u32(), b: source.u32() };
    default:
      return code < FC && code >= 0x28 && code <= 0x3e ? memoryAccess(source) : nothing;
  }
}

/** The alignment is a hint and means nothing here. */
function memoryAccess(source: ByteSource): Read {
  source.u32();
  return { a: source.u32() };
}

function vectorImmediates(code: number, source: ByteSource): Read {
  if (code === 0x0c || code === 0x0d) return { bytes: source.bytes(16) };
  if (code <= 0x0b || code === 0x5c || code === 0x5d) return memoryAccess(source);
  if (code >= 0x54 && code <= 0x5b) return { ...memoryAccess(source), b: source.byte() };
  if (code >= 0x15 && code <= 0x22) return { b: source.byte() };
  return {};
}

function blockType(source: ByteSource, { parts }: FunctionSpace): FunctionType {
  const number = source.signed();
  if (number >= 0) return typeAt(parts.types, number);
  if (number === -64) return emptyType;
  return { parameters: [], results: [valueTypeOf(number + 128)] };
}

function typeAt(types: readonly FunctionType[], index: number): FunctionType {
  const type = types[index];
  if (type === undefined) throw new Error(`there is no type ${index}`);
  return type;
}

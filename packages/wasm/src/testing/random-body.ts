/** Functions of random instructions with plausible immediates: most are invalid, and why is a matter of types alone. */

import { concatBytes, encodeU32 } from "../custom-section.js";
import { FC, FD, OPCODES } from "../opcodes.js";
import type { Opcode } from "../opcodes.js";
import { ValueType } from "../value-type.js";
import { codeSection, custom, moduleOf, section } from "./module-bytes.js";
import type { Random } from "./random.js";

const { I32, I64, F32, F64, V128, FUNCREF, EXTERNREF } = ValueType;
const types = [I32, I64, F32, F64, V128, FUNCREF, EXTERNREF];
const usable = OPCODES.filter((opcode) => opcode !== undefined).filter(
  ({ refused }) => refused === undefined || refused === "table-mutation",
);
/** Control, variables and references are what is hard to type: they come up more often than arithmetic. */
const structural = usable.filter(({ op, operands }) => op < FC && operands === undefined);
const END = 0x0b;
const ELSE = 0x05;

/**
 * Function types: 0 `[] -> []`, 1 `[i32 i64] -> [f32]`, 2 `[v128] -> [v128 i32]`, 3 `[] -> [i32]`, 4 `[funcref] ->
 * [externref]`.
 */
const typeSection = section(
  ...[1, 5],
  ...[0x60, 0, 0],
  ...[0x60, 2, I32, I64, 1, F32],
  ...[0x60, 1, V128, 2, V128, I32],
  ...[0x60, 0, 1, I32],
  ...[0x60, 1, FUNCREF, 1, EXTERNREF],
);

function encodeOp(op: number): number[] {
  if (op < FC) return [op];
  return op < FD ? [0xfc, ...encodeU32(op - FC)] : [0xfd, ...encodeU32(op - FD)];
}

function some(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.below(256));
}

/** Immediates that mostly exist, and now and then do not. */
function immediates(opcode: Opcode, random: Random, depth: number): number[] {
  const index = (count: number): number => random.below(count + (random.below(32) === 0 ? 1 : 0));
  const type = (): number => types[random.below(types.length)] ?? I32;
  switch (opcode.immediates) {
    case "none":
      return [];
    case "block":
      return [[0x40, type(), random.below(5), random.below(5)][random.below(4)] ?? 0x40];
    case "label":
      return [index(depth)];
    case "labels":
      return [2, index(depth), index(depth), index(depth)];
    case "function":
      return [index(6)];
    case "indirect":
      return [index(5), random.below(4) === 0 ? 1 : 0];
    case "local":
      return [index(types.length)];
    case "global":
      return [index(3)];
    case "table":
      return [index(2)];
    case "table-table":
      return [index(2), index(2)];
    case "element-table":
      return [index(1), index(2)];
    case "element":
    case "data":
      return [index(1)];
    case "memory-access":
      return [index(opcode.align + 1), 0];
    case "memory-lane":
      return [index(opcode.align + 1), 0, index(opcode.lanes)];
    case "memory":
      return [0];
    case "memory-memory":
      return [0, 0];
    case "data-memory":
      return [index(1), 0];
    case "i32":
    case "i64":
      return [random.below(64)];
    case "f32":
      return some(random, 4);
    case "f64":
      return some(random, 8);
    case "v128":
      return some(random, 16);
    case "shuffle":
      return Array.from({ length: 16 }, () => index(32));
    case "lane":
      return [index(opcode.lanes)];
    case "reference-type":
      return [random.below(2) === 0 ? FUNCREF : EXTERNREF];
    case "types":
      return [1, type()];
  }
}

/** Instructions with balanced blocks. Half of the bodies begin unreachable, where operands may be anything. */
function randomCode(random: Random): number[] {
  const code: number[] = random.below(2) === 0 ? [0x00] : [];
  const kinds: number[] = [];
  const length = 1 + random.below(12);
  for (let position = 0; position < length; position++) {
    const source = random.below(2) === 0 ? structural : usable;
    const opcode = source[random.below(source.length)];
    if (opcode === undefined || (opcode.op === END && kinds.length === 0)) continue;
    if (opcode.op === ELSE && kinds.at(-1) !== 0x04) continue;
    if (opcode.op === END) kinds.pop();
    if (opcode.op === ELSE) kinds[kinds.length - 1] = ELSE;
    code.push(...encodeOp(opcode.op), ...immediates(opcode, random, kinds.length + 1));
    if (opcode.immediates === "block") kinds.push(opcode.op);
    if (random.below(6) === 0) code.push(0x00);
  }
  for (let open = kinds.length; open >= 0; open--) code.push(END);
  return code;
}

/** One module whose last function is random; everything that instructions may name exists. */
export function randomModule(random: Random): Uint8Array {
  const locals = [types.length, ...types.flatMap((type) => [1, type])];
  const plain = [0, 0x00, END];
  const own = random.below(5);
  return concatBytes([
    moduleOf(
      typeSection,
      section(3, 6, 0, 1, 2, 3, 4, own),
      section(4, 2, FUNCREF, 0, 1, EXTERNREF, 0, 1),
      section(5, 1, 0, 1),
      section(6, 3, I32, 1, 0x41, 0, END, I64, 0, 0x42, 0, END, FUNCREF, 1, 0xd0, FUNCREF, END),
      section(9, 1, 1, 0, 1, 0),
      section(12, 1),
      codeSection(plain, plain, plain, plain, plain, [...locals, ...randomCode(random)]),
      section(11, 1, 1, 0),
    ),
    custom("random"),
  ]);
}

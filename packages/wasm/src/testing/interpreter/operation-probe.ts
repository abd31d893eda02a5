/**
 * Every plain instruction as a function without parameters: operands come from memory and the result goes there,
 * so that all bits pass. Instructions with lanes occur once per lane.
 */

import { Encoder } from "../../encoder.js";
import { OPERATIONS } from "./instruction-set.js";
import type { Operation } from "./operation.js";

/** Byte offset of the first operand; each has 16 bytes. */
export const OPERANDS_AT = 256;
export const RESULT_AT = 512;

/** One function of the probe. */
export interface ProbedOperation {
  readonly operation: Operation;
  readonly lane: number;
  /** Name under which the function is exported. */
  readonly entry: string;
}

const loads: Readonly<Record<string, readonly number[]>> = {
  i: [0x28, 2],
  l: [0x29, 3],
  f: [0x2a, 2],
  d: [0x2b, 3],
  v: [0xfd, 0x00, 4],
};
const stores: Readonly<Record<string, readonly number[]>> = {
  i: [0x36, 2],
  l: [0x37, 3],
  f: [0x38, 2],
  d: [0x39, 3],
  v: [0xfd, 0x0b, 4],
};

/** Lanes that an instruction can name: 0 where it names none. */
function lanesOf(code: number): number {
  const names = [16, 16, 16, 8, 8, 8, 4, 4, 2, 2, 4, 4, 2, 2];
  const second = code - 0xfd00;
  if (second >= 0x15 && second <= 0x22) return names[second - 0x15] ?? 0;
  return second >= 0x54 && second <= 0x5b ? 16 >> (second & 3) : 0;
}

export function accessesMemory(code: number): boolean {
  const second = code - 0xfd00;
  const vector = second >= 0 && (second <= 0x0b || (second >= 0x54 && second <= 0x5d));
  return vector || (code >= 0x28 && code <= 0x3e);
}

export const PROBED: readonly ProbedOperation[] = [...OPERATIONS.values()].flatMap((operation) =>
  Array.from({ length: Math.max(1, lanesOf(operation.code)) }, (_, lane) => ({
    operation,
    lane,
    entry: `${operation.name} ${lane}`,
  })),
);

function body({ operation, lane }: ProbedOperation, shuffle: readonly number[]): Encoder {
  const { code, operands, results } = operation;
  const content = new Encoder(64).byte(0);
  if (results !== "") content.op(0x41).s32(RESULT_AT);
  for (const [index, letter] of [...operands].entries()) {
    content
      .op(0x41)
      .s32(OPERANDS_AT + 16 * index)
      .op(...(loads[letter] ?? []), 0);
  }
  if (code > 255) content.byte(code >> 8).u32(code & 255);
  else content.byte(code);
  // An offset that is not zero, and no alignment asked for.
  if (accessesMemory(code)) content.op(0, 3);
  if (lanesOf(code) > 0) content.byte(lane);
  if (operation.name === "i8x16.shuffle") content.op(...shuffle);
  if (results !== "") content.op(...(stores[results] ?? []), 0);
  return content.byte(0x0b);
}

/** The module. `shuffle` are the sixteen lanes of i8x16.shuffle. */
export function operationModule(shuffle: readonly number[]): Uint8Array {
  const functions = new Encoder().u32(PROBED.length);
  const exports = new Encoder()
    .u32(PROBED.length + 1)
    .ascii("memory")
    .op(2, 0);
  const code = new Encoder().u32(PROBED.length);
  for (const [index, probed] of PROBED.entries()) {
    functions.byte(0);
    exports.ascii(probed.entry).byte(0).u32(index);
    code.sized(body(probed, shuffle));
  }
  const output = new Encoder().op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  output.section(1, new Encoder().op(1, 0x60, 0, 0));
  output.section(3, functions);
  output.section(5, new Encoder().op(1, 0, 1));
  output.section(7, exports);
  output.section(10, code);
  return output.finish();
}

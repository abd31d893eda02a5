/** Instructions with fixed types, by what they give, and plausible immediates for them. */

import { OPCODES } from "../../opcodes.js";
import type { Opcode } from "../../opcodes.js";
import type { ValueType } from "../../value-type.js";
import type { Random } from "../random.js";
import { oneIn, pick } from "../random.js";
import { unsignedLeb } from "./interesting-constant.js";

export interface Operator {
  readonly opcode: Opcode;
  readonly operands: readonly ValueType[];
  readonly results: readonly ValueType[];
}

const immediateKinds = ["none", "memory-access", "memory-lane", "lane", "shuffle"];

export const OPERATORS: readonly Operator[] = OPCODES.flatMap((opcode) => {
  if (opcode?.operands === undefined || opcode.results === undefined || opcode.refused !== undefined)
    return [];
  if (!immediateKinds.includes(opcode.immediates) || opcode.operands.length === 0) return [];
  return [{ opcode, operands: opcode.operands, results: opcode.results }];
});

export function usesMemory({ opcode }: Operator): boolean {
  return opcode.immediates === "memory-access" || opcode.immediates === "memory-lane";
}

/** Division by nothing and truncation of NaN end most programs early where they come up often. */
export function oftenTraps({ opcode }: Operator): boolean {
  return /\.trunc_f/.test(opcode.name) || /\.(div|rem)_[su]$/.test(opcode.name);
}

const choices = new Map<string, readonly Operator[]>();

/** Operators that give `result` (`undefined`: nothing) from operands among `types`. */
export function operatorsFor(
  result: ValueType | undefined,
  types: readonly ValueType[],
  memory: boolean,
): readonly Operator[] {
  const key = `${result} ${types.join()} ${memory}`;
  let found = choices.get(key);
  if (found === undefined) {
    found = OPERATORS.filter(
      (operator) =>
        operator.results[0] === result &&
        (memory || !usesMemory(operator)) &&
        operator.operands.every((type) => types.includes(type)),
    );
    choices.set(key, found);
  }
  return found;
}

function memoryOffset(random: Random): number {
  if (oneIn(random, 40)) return pick(random, [0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x1_0000, 0xfff0]);
  return oneIn(random, 3) ? random.below(300) : pick(random, [0, 0, 1, 3, 4, 7, 8, 16, 64, 1000]);
}

export function operatorImmediates(random: Random, { immediates, align, lanes }: Opcode): number[] {
  const access = (): number[] => [random.below(align + 1), ...unsignedLeb(memoryOffset(random))];
  switch (immediates) {
    case "memory-access":
      return access();
    case "memory-lane":
      return [...access(), random.below(lanes)];
    case "lane":
      return [random.below(lanes)];
    case "shuffle":
      return Array.from({ length: 16 }, () => random.below(32));
    default:
      return [];
  }
}

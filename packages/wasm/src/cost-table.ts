/**
 * The fuel table, version 2: what every original instruction costs, in integers. One unit is about 0.25 ns of
 * optimised code; a price bounds the slower tier within a factor of four. Instructions that instrumentation adds
 * have no price of their own: they are part of the price of what caused them. Any change of a number here
 * changes chains and needs a new version.
 */

import { assert } from "@wasm-engine/abi";
import { opName, OPCODES } from "./opcodes.js";
import type { CostClass } from "./opcodes.js";

/** Part of `semantics`; stored with every compiled module. */
export const COST_TABLE_VERSION = 2;

/** Fuel by class. Classes marked + have a part that depends on operands or immediates, see {@link PARTS}. */
export const COSTS: Readonly<Record<CostClass, number>> = {
  /** nop, drop, block, else, end, unreachable: they become no code. */
  free: 0,
  /** Constants, locals, integer addition, logic, shifts, comparison, bit counts, width changes, select. */
  basic: 1,
  /** The fast compiler of V8 calls a function for them. */
  rotate: 5,
  "compare-float": 3,
  /** Moves between register files, which a body full of them would have for nothing. */
  reinterpret: 2,
  multiply: 3,
  global: 3,
  "memory-size": 3,
  store: 3,
  /** One more than a store: loads may miss the cache while the program waits for them. */
  load: 4,
  divide: 14,
  /** br, br_if, if, loop (each iteration), return. */
  branch: 2,
  /** + targets. */
  "branch-table": 4,
  /** + parameter words. */
  call: 8,
  /** + parameter words. */
  "call-indirect": 14,
  /** Addition, subtraction, multiplication, minimum, maximum, abs, neg; canonical NaN included. */
  float: 4,
  copysign: 8,
  round: 7,
  convert: 12,
  "resize-float": 4,
  "float-divide": 14,
  "square-root": 22,
  vector: 3,
  shuffle: 4,
  "vector-multiply-i64": 10,
  "vector-float": 6,
  "vector-float-divide": 24,
  /** memory.fill, memory.copy, memory.init + bytes; data.drop. */
  bulk: 30,
  /** Table instructions; those that move ranges + elements. */
  table: 30,
  /** + pages asked for, granted or not. */
  "memory-grow": 1000,
};

/** The parts of prices that depend on more than the instruction's class. */
export const PARTS = {
  /** Entry of a function, without its locals. */
  functionEntry: 6,
  /** Declared words of 8 bytes that cost one more at entry, begun groups counted. */
  localWordsPerFuel: 2,
  /** Targets of br_table, default included, that cost one more, whole groups counted. */
  branchTargetsPerFuel: 16,
  parameterWord: 1,
  /** Call of a host function through its thunk, on top of the call; the host adds the bytes that it moved. */
  hostCall: 40,
  /** Bytes of a bulk operation are shifted right by this: one unit per four bytes, whole groups counted. */
  bulkBytesShift: 2,
  element: 1,
  page: 4000,
} as const;

/** Price of entering a function. `localWords` counts declared locals, not parameters: they are zeroed. */
export function entryCost(localWords: number): number {
  assert(localWords >= 0, "words are counted");
  return PARTS.functionEntry + Math.ceil(localWords / PARTS.localWordsPerFuel);
}

/** Price of br_table. `targets` includes the default. */
export function branchTableCost(targets: number): number {
  assert(targets >= 1, "a br_table has a default");
  return COSTS["branch-table"] + Math.floor(targets / PARTS.branchTargetsPerFuel);
}

/** Price of call or call_indirect, without what the callee does. */
export function callCost(kind: "call" | "call-indirect", parameterWords: number): number {
  return COSTS[kind] + PARTS.parameterWord * parameterWords;
}

/** Fixed part of an instruction's price, by unified code. */
export const OP_COSTS: Uint32Array = new Uint32Array(
  OPCODES.map((opcode) => (opcode === undefined ? 0 : COSTS[opcode.cost])),
);

/** What an instruction costs per unit of its topmost operand: `(operand >> shift) * unit`. */
export interface LinearCost {
  readonly shift: number;
  readonly unit: number;
}

const bytes: LinearCost = { shift: PARTS.bulkBytesShift, unit: 1 };
const elements: LinearCost = { shift: 0, unit: PARTS.element };
const linear = new Map<string, LinearCost>([
  ["memory.init", bytes],
  ["memory.copy", bytes],
  ["memory.fill", bytes],
  ["table.init", elements],
  ["table.copy", elements],
  ["table.fill", elements],
  ["table.grow", elements],
  ["memory.grow", { shift: 0, unit: PARTS.page }],
]);

/** Operand-dependent prices, by unified code. */
export const LINEAR_COSTS: readonly (LinearCost | undefined)[] = OPCODES.map((opcode) =>
  opcode === undefined ? undefined : linear.get(opcode.name),
);

for (const opcode of OPCODES) {
  if (opcode === undefined) continue;
  const price = COSTS[opcode.cost];
  assert(Number.isInteger(price) && price >= 0, `${opName(opcode.op)} has a price`);
}
for (const name of linear.keys()) {
  assert(
    OPCODES.some((opcode) => opcode?.name === name),
    `${name} is an instruction`,
  );
}

/** Random code that gives one value of a type. */

import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType, isReferenceType } from "../../value-type.js";
import { oneIn, pick } from "../random.js";
import { branchAway, conditionFor } from "./branch.js";
import { block } from "./block.js";
import { callOf, indirectCall } from "./call.js";
import type { CodeContext } from "./code-context.js";
import { dropOf, localGet, plain } from "./code-context.js";
import { i32Const, randomConstant, unsignedLeb } from "./interesting-constant.js";
import { oftenTraps, operatorImmediates, operatorsFor, usesMemory } from "./operator-choice.js";
import type { Operator } from "./operator-choice.js";
import type { Node } from "./program.js";

const { I32, FUNCREF } = ValueType;
const tableSize = opOf("table.size");
const and = opOf("i32.and");

type Maker = (context: CodeContext, type: ValueType) => Node | undefined;

/** A value without operands of its own. */
export function leaf(context: CodeContext, type: ValueType): Node {
  const { random } = context;
  const local = context.local(type);
  if (local !== undefined && random.below(5) < 2) return localGet(local, type);
  const global = context.global(type, false);
  if (global !== undefined && oneIn(random, 5)) {
    return plain(OpByte.GLOBAL_GET, [], [type], unsignedLeb(global));
  }
  const { declared } = context.surroundings;
  if (type === FUNCREF && declared.length > 0 && !oneIn(random, 3)) {
    return {
      kind: "function",
      op: OpByte.REF_FUNC,
      callee: pick(random, declared),
      children: [],
      results: [type],
    };
  }
  return randomConstant(random, type);
}

/** An address: mostly within the first page. */
export function address(context: CodeContext): Node {
  const { random } = context;
  const edge = oneIn(random, 12);
  if (edge) return i32Const(pick(random, [0, 65_520, 65_528, 65_532, 65_535, 65_536, 131_071, -1, -16]));
  if (oneIn(random, 30)) return expression(context, I32);
  return plain(and, [expression(context, I32), i32Const(pick(random, [0xff, 0xfff, 0xfff8, 0x3fc]))], [I32]);
}

/** An operator with its operands; nothing on the stack is used. */
export function operation(context: CodeContext, operator: Operator): Node {
  const { opcode, operands, results } = operator;
  const children = operands.map((type, place) =>
    place === 0 && usesMemory(operator) ? address(context) : expression(context, type),
  );
  return plain(opcode.op, children, results, operatorImmediates(context.random, opcode));
}

/** An operator that gives `result`, those that often trap more rarely. */
export function operatorChoice(context: CodeContext, result: ValueType | undefined): Operator | undefined {
  const { valueTypes } = context.surroundings;
  const found = operatorsFor(result, valueTypes, context.program.memory !== undefined);
  if (found.length === 0) return undefined;
  const first = pick(context.random, found);
  return oftenTraps(first) && !oneIn(context.random, 4) ? pick(context.random, found) : first;
}

function operator(context: CodeContext, type: ValueType): Node | undefined {
  const chosen = operatorChoice(context, type);
  return chosen === undefined ? undefined : operation(context, chosen);
}

function tee(context: CodeContext, type: ValueType): Node | undefined {
  const local = context.local(type);
  if (local === undefined) return undefined;
  return plain(OpByte.LOCAL_TEE, [expression(context, type)], [type], unsignedLeb(local));
}

function select(context: CodeContext, type: ValueType): Node {
  const children = [expression(context, type), expression(context, type), expression(context, I32)];
  if (isReferenceType(type) || oneIn(context.random, 3)) {
    return plain(OpByte.SELECT_TYPED, children, [type], [1, type]);
  }
  return plain(OpByte.SELECT, children, [type]);
}

/** br_if that leaves its operand where it was if it does not branch. */
function branchIf(context: CodeContext, type: ValueType): Node | undefined {
  const target = context.openLabel(({ types }) => types.length === 1 && types[0] === type);
  if (target === undefined) return undefined;
  const children = [expression(context, type), conditionFor(context, target)];
  return { kind: "branch", op: OpByte.BR_IF, labels: [target.label], children, results: [type] };
}

/** Values that only i32 has instructions for. */
function special(context: CodeContext, type: ValueType): Node | undefined {
  const { random, program } = context;
  if (type === FUNCREF && program.tables.length > 0) return tableGet(context, type);
  if (type === ValueType.EXTERNREF) return tableGet(context, type);
  if (type !== I32) return undefined;
  const kind = random.below(4);
  if (kind === 0 && program.memory !== undefined) return plain(OpByte.MEMORY_SIZE, [], [I32], [0]);
  if (kind === 1 && program.memory !== undefined && oneIn(random, 3)) {
    const pages = oneIn(random, 8)
      ? expression(context, I32)
      : i32Const(pick(random, [0, 0, 1, 1, 2, 4, -1]));
    return plain(OpByte.MEMORY_GROW, [pages], [I32], [0]);
  }
  if (kind === 2 && program.tables.length > 0) {
    return plain(tableSize, [], [I32], [random.below(program.tables.length)]);
  }
  return plain(OpByte.REF_IS_NULL, [expression(context, FUNCREF)], [I32]);
}

function tableGet(context: CodeContext, type: ValueType): Node | undefined {
  const { random, program } = context;
  const found = [...program.tables.entries()].filter(([, { element }]) => element === type);
  if (found.length === 0) return undefined;
  const [table, { minimum }] = pick(random, found);
  const slot = oneIn(random, 10) ? expression(context, I32) : i32Const(random.below(minimum + 1));
  return plain(OpByte.TABLE_GET, [slot], [type], [table]);
}

/** A call of several results, of which one is kept. */
function oneOfSeveral(context: CodeContext, type: ValueType): Node | undefined {
  const callee = context.callee(({ results }) => results[0] === type && results.length > 1);
  if (callee === undefined) return undefined;
  const rest = callee.type.results.slice(1).map(() => dropOf([]));
  const body = [callOf(context, callee), ...rest];
  const label = context.newLabel();
  return { kind: "block", label, parameters: [], results: [type], children: [], body, otherwise: undefined };
}

const makers: readonly (readonly [number, Maker])[] = [
  [40, operator],
  [5, tee],
  [5, select],
  [12, (context, type) => block(context, [type])],
  [3, branchIf],
  [4, special],
  [4, (context, type) => callFor(context, type)],
  [2, oneOfSeveral],
  [3, (context, type) => indirectCall(context, [type])],
  [1, (context, type) => branchAway(context, [type])],
  [14, leaf],
];
const makersWeight = makers.reduce((sum, [weight]) => sum + weight, 0);

function callFor(context: CodeContext, type: ValueType): Node | undefined {
  const callee = context.callee(({ results }) => results.length === 1 && results[0] === type);
  return callee === undefined ? undefined : callOf(context, callee);
}

export function expression(context: CodeContext, type: ValueType): Node {
  context.left -= 1;
  if (context.left <= 0) return leaf(context, type);
  let draw = context.random.below(makersWeight);
  for (const [weight, maker] of makers) {
    draw -= weight;
    if (draw < 0) return maker(context, type) ?? leaf(context, type);
  }
  return leaf(context, type);
}

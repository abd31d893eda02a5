/** Random code that leaves nothing on the stack. */

import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType } from "../../value-type.js";
import { oneIn, pick } from "../random.js";
import { branchAway, conditionFor } from "./branch.js";
import { block } from "./block.js";
import { callOf, indirectCall } from "./call.js";
import type { CodeContext } from "./code-context.js";
import { dropOf, localSet, plain, roundsLeft } from "./code-context.js";
import { address, expression, operation, operatorChoice } from "./expression.js";
import { i32Const, unsignedLeb } from "./interesting-constant.js";
import { OPERATORS, operatorImmediates, usesMemory } from "./operator-choice.js";
import type { Node } from "./program.js";
import { tableStatement } from "./table-statement.js";

const { I32 } = ValueType;
const memoryInit = opOf("memory.init");
const dataDrop = opOf("data.drop");
const memoryCopy = opOf("memory.copy");
const memoryFill = opOf("memory.fill");

type Maker = (context: CodeContext) => readonly Node[];

/** Code with results, and a drop for each. */
function dropped(node: Node): Node[] {
  return [node, ...node.results.map(() => dropOf([]))];
}

function setLocal(context: CodeContext): Node[] {
  const type = context.valueType();
  const local = context.local(type);
  return local === undefined ? [] : [localSet(local, [expression(context, type)])];
}

function setGlobal(context: CodeContext): Node[] {
  const mutable = [...context.program.globals.entries()].filter(([, global]) => global.mutable);
  if (mutable.length === 0) return [];
  const [index, { type }] = pick(context.random, mutable);
  return [plain(OpByte.GLOBAL_SET, [expression(context, type)], [], unsignedLeb(index))];
}

function store(context: CodeContext): Node[] {
  const operator = operatorChoice(context, undefined);
  return operator === undefined ? [] : [operation(context, operator)];
}

function length(context: CodeContext): Node {
  const { random } = context;
  if (oneIn(random, 20)) return expression(context, I32);
  return i32Const(oneIn(random, 15) ? pick(random, [65_536, -1, 70_000]) : random.below(40));
}

function bulk(context: CodeContext): Node[] {
  const { random, program } = context;
  if (program.memory === undefined) return [];
  const kind = random.below(4);
  if (kind === 0) {
    return [plain(memoryFill, [address(context), expression(context, I32), length(context)], [], [0])];
  }
  if (kind === 1)
    return [plain(memoryCopy, [address(context), address(context), length(context)], [], [0, 0])];
  if (program.data.length === 0) return [];
  const segment = random.below(program.data.length);
  if (kind === 2 && oneIn(random, 2)) return [plain(dataDrop, [], [], unsignedLeb(segment))];
  const bytes = program.data[segment]?.bytes.length ?? 0;
  const from = i32Const(random.below(bytes + 1));
  const count = oneIn(random, 6) ? length(context) : i32Const(random.below(bytes + 1));
  return [plain(memoryInit, [address(context), from, count], [], [...unsignedLeb(segment), 0])];
}

/** A loop of a few rounds that runs on to its end. */
function rounds(context: CodeContext): Node[] {
  const { random } = context;
  const counter = context.newCounter();
  const label = context.newLabel();
  context.labels.push({ label, types: [], counter });
  const body = [...statements(context, 4)];
  context.labels.pop();
  const endless = oneIn(random, 60);
  if (endless) body.push({ kind: "branch", op: OpByte.BR, labels: [label], children: [], results: [] });
  else {
    const children = [roundsLeft(counter)];
    body.push({ kind: "branch", op: OpByte.BR_IF, labels: [label], children, results: [] });
  }
  const set = localSet(counter, [i32Const(1 + random.below(8))]);
  const empty = { parameters: [], results: [], children: [], otherwise: undefined };
  return [set, { kind: "loop", label, body, ...empty }];
}

function branchIf(context: CodeContext): Node[] {
  const target = context.openLabel(() => true);
  if (target === undefined) return [];
  const { label, types } = target;
  const children = [...types.map((type) => expression(context, type)), conditionFor(context, target)];
  return dropped({ kind: "branch", op: OpByte.BR_IF, labels: [label], children, results: types });
}

/** Dead instructions that take their operands from nowhere. */
function junk(context: CodeContext): Node[] {
  const { random, program } = context;
  const nodes: Node[] = [];
  for (let count = random.below(4); count > 0; count--) {
    const operator = pick(random, OPERATORS);
    if (program.memory === undefined && usesMemory(operator)) continue;
    const { opcode, results } = operator;
    nodes.push(
      plain(opcode.op, [], [], operatorImmediates(random, opcode)),
      ...results.map(() => dropOf([])),
    );
  }
  return nodes;
}

function away(context: CodeContext): Node[] {
  const away = branchAway(context, []);
  if (oneIn(context.random, 3)) return [away];
  return [away, ...junk(context), ...statements(context, 2)];
}

function call(context: CodeContext): Node[] {
  const callee = context.callee(() => true);
  return callee === undefined ? [] : dropped(callOf(context, callee));
}

function callThroughTable(context: CodeContext): Node[] {
  const { program } = context;
  if (program.types.length === 0) return [];
  const node = indirectCall(context, pick(context.random, program.types).results);
  return node === undefined ? [] : dropped(node);
}

const makers: readonly (readonly [number, Maker])[] = [
  [20, setLocal],
  [10, setGlobal],
  [12, store],
  [5, bulk],
  [8, rounds],
  [10, (context) => dropped(block(context, oneIn(context.random, 2) ? [] : context.types(3)))],
  [6, branchIf],
  [2, away],
  [6, call],
  [3, callThroughTable],
  [4, (context) => [dropOf([expression(context, context.valueType())])]],
  [1, () => [plain(OpByte.NOP, [], [])]],
  [4, (context) => (context.surroundings.tableMutation ? tableStatement(context) : [])],
];
const makersWeight = makers.reduce((sum, [weight]) => sum + weight, 0);

/** Up to `countMax` statements, fewer where the budget of nodes is used up. */
export function statements(context: CodeContext, countMax: number): Node[] {
  const nodes: Node[] = [];
  for (let count = context.random.below(countMax + 1); count > 0 && context.left > 0; count--) {
    context.left -= 1;
    let draw = context.random.below(makersWeight);
    for (const [weight, maker] of makers) {
      draw -= weight;
      if (draw >= 0) continue;
      nodes.push(...maker(context));
      break;
    }
  }
  return nodes;
}

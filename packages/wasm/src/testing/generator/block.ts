/** Blocks, loops and ifs with parameters and results. */

import { OpByte } from "../../op-byte.js";
import { ValueType, isReferenceType } from "../../value-type.js";
import { oneIn, pick } from "../random.js";
import type { CodeContext } from "./code-context.js";
import { dropOf, localSet, plain, sameTypes } from "./code-context.js";
import { expression } from "./expression.js";
import { i32Const, unsignedLeb } from "./interesting-constant.js";
import { OPERATORS, usesMemory } from "./operator-choice.js";
import type { Node } from "./program.js";
import { statements } from "./statement.js";

const { I32 } = ValueType;

/** Takes the operands that lie on the stack: drops, stores or combines them. */
function consume(context: CodeContext, types: readonly ValueType[]): Node[] {
  const nodes: Node[] = [];
  const open = [...types];
  for (let top = open.pop(); top !== undefined; top = open.pop()) {
    const type = top;
    const below = open.at(-1);
    const local = context.local(type);
    if (below === type && !isReferenceType(type) && oneIn(context.random, 2)) {
      const binary = OPERATORS.filter(
        (operator) =>
          !usesMemory(operator) &&
          sameTypes(operator.operands, [type, type]) &&
          sameTypes(operator.results, [type]),
      );
      const { opcode } = pick(
        context.random,
        binary.filter(({ opcode: row }) => row.immediates === "none"),
      );
      nodes.push(plain(opcode.op, [], []));
    } else if (local !== undefined && !oneIn(context.random, 3)) {
      if (oneIn(context.random, 4)) {
        nodes.push(plain(OpByte.LOCAL_TEE, [], [], unsignedLeb(local)), dropOf([]));
      } else nodes.push(localSet(local, []));
    } else nodes.push(dropOf([]));
  }
  return nodes;
}

/** Statements, then one expression per result. */
function inside(
  context: CodeContext,
  parameters: readonly ValueType[],
  results: readonly ValueType[],
): Node[] {
  const through = parameters.length > 0 && sameTypes(parameters, results) && oneIn(context.random, 2);
  const nodes = through ? [] : consume(context, parameters);
  nodes.push(...statements(context, 3));
  if (!through) nodes.push(...results.map((type) => expression(context, type)));
  return nodes;
}

/** A block of any kind with these results. */
export function block(context: CodeContext, results: readonly ValueType[]): Node {
  const { random } = context;
  const kind = pick(random, ["block", "block", "loop", "if", "if"] as const);
  const parameters = oneIn(random, 3) ? (oneIn(random, 3) ? [...results] : context.types(3)) : [];
  const children = parameters.map((type) => expression(context, type));
  let counter: number | undefined;
  if (kind === "loop") {
    counter = context.newCounter();
    children.unshift(localSet(counter, [i32Const(random.below(6))]));
  }
  if (kind === "if") children.push(expression(context, I32));
  const label = context.newLabel();
  context.labels.push({ label, types: kind === "loop" ? parameters : results, counter });
  const body = inside(context, parameters, results);
  const optional = sameTypes(parameters, results) && oneIn(random, 2);
  const otherwise = kind === "if" && !optional ? inside(context, parameters, results) : undefined;
  context.labels.pop();
  return { kind, label, parameters, results, children, body, otherwise };
}

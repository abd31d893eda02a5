/** Branches: conditions that let loops end, and code that never comes back. */

import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType } from "../../value-type.js";
import { oneIn, pick } from "../random.js";
import type { CodeContext, OpenLabel } from "./code-context.js";
import { plain, roundsLeft, sameTypes } from "./code-context.js";
import { expression } from "./expression.js";
import { i32Const } from "./interesting-constant.js";
import type { Node } from "./program.js";

const { I32 } = ValueType;
const and = opOf("i32.and");

/** Condition of a branch: back into a loop mostly only while its counter lasts. */
export function conditionFor(context: CodeContext, { counter }: OpenLabel): Node {
  if (counter === undefined || oneIn(context.random, 25)) return expression(context, I32);
  if (oneIn(context.random, 3)) return plain(and, [expression(context, I32), roundsLeft(counter)], [I32]);
  return roundsLeft(counter);
}

/** Labels ahead; labels of loops hardly ever, because such a loop may never end. */
function awayLabel(context: CodeContext): OpenLabel | undefined {
  const endless = oneIn(context.random, 40);
  return context.openLabel(({ counter }) => endless || counter === undefined);
}

function branchTable(context: CodeContext, results: readonly ValueType[]): Node | undefined {
  const { random } = context;
  const first = awayLabel(context);
  if (first === undefined) return undefined;
  const fitting = context.labels.filter(
    ({ types, counter }) => sameTypes(types, first.types) && (counter === undefined || oneIn(random, 20)),
  );
  fitting.push(first);
  const many = oneIn(random, 12) ? 20 + random.below(30) : random.below(4);
  const labels = Array.from({ length: many + 1 }, () => pick(random, fitting).label);
  const index = oneIn(random, 3)
    ? expression(context, I32)
    : plain(and, [expression(context, I32), i32Const(3)], [I32]);
  const children = [...first.types.map((type) => expression(context, type)), index];
  return { kind: "branch", op: OpByte.BR_TABLE, labels, children, results };
}

/** Ends the block: br, br_table, return or unreachable. What comes behind is dead and may claim any results. */
export function branchAway(context: CodeContext, results: readonly ValueType[]): Node {
  const { random } = context;
  const kind = random.below(10);
  if (kind === 0) return plain(OpByte.UNREACHABLE, [], results);
  if (kind < 4) {
    const children = context.self.type.results.map((type) => expression(context, type));
    return plain(OpByte.RETURN, children, results);
  }
  if (kind < 7) {
    const table = branchTable(context, results);
    if (table !== undefined) return table;
  }
  const target = awayLabel(context);
  if (target === undefined) return plain(OpByte.UNREACHABLE, [], results);
  const children = target.types.map((type) => expression(context, type));
  return { kind: "branch", op: OpByte.BR, labels: [target.label], children, results };
}

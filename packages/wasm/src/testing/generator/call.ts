/** Calls: direct, through a table with the right type, through a table with a wrong one. */

import { OpByte } from "../../op-byte.js";
import { ValueType } from "../../value-type.js";
import { oneIn, pick } from "../random.js";
import type { Callee, CodeContext } from "./code-context.js";
import { plain, sameTypes } from "./code-context.js";
import { expression } from "./expression.js";
import { i32Const, unsignedLeb } from "./interesting-constant.js";
import type { Node } from "./program.js";

/** A call that gives all results of the callee. */
export function callOf(context: CodeContext, { id, type }: Callee): Node {
  const children = type.parameters.map((parameter) => expression(context, parameter));
  return { kind: "function", op: OpByte.CALL, callee: id, children, results: type.results };
}

interface Slot {
  readonly table: number;
  readonly slot: number;
  readonly callee: Callee;
}

function slotsOf(context: CodeContext): Slot[] {
  const { slots, callees } = context.surroundings;
  const found: Slot[] = [];
  for (const [table, entries] of slots) {
    for (const [slot, id] of entries) {
      const callee = callees.find((candidate) => candidate.id === id);
      if (callee !== undefined) found.push({ table, slot, callee });
    }
  }
  return found;
}

/** Indirect call with these results, if a type in the module has them. */
export function indirectCall(context: CodeContext, results: readonly ValueType[]): Node | undefined {
  const { random, program } = context;
  const matching = slotsOf(context).filter(({ callee }) => sameTypes(callee.type.results, results));
  const types = program.types.flatMap((type, index) => (sameTypes(type.results, results) ? [index] : []));
  const functionTables = program.tables.flatMap(({ element }, index) =>
    element === ValueType.FUNCREF ? [index] : [],
  );
  if (types.length === 0 || functionTables.length === 0) return undefined;
  const target = matching.length > 0 && !oneIn(random, 8) ? pick(random, matching) : undefined;
  const exact = program.types.findIndex(
    (type) =>
      target !== undefined &&
      sameTypes(type.parameters, target.callee.type.parameters) &&
      sameTypes(type.results, target.callee.type.results),
  );
  const typeIndex = exact >= 0 && !oneIn(random, 12) ? exact : pick(random, types);
  const table = target?.table ?? pick(random, functionTables);
  const slot = target === undefined ? expression(context, ValueType.I32) : i32Const(target.slot);
  const parameters = program.types[typeIndex]?.parameters ?? [];
  const children = [...parameters.map((type) => expression(context, type)), slot];
  return plain(OpByte.CALL_INDIRECT, children, results, [...unsignedLeb(typeIndex), ...unsignedLeb(table)]);
}

/**
 * What a function takes of the logical stack, and how it learns what is left. Functions that others can reach read it
 * from a global, which their callers set. Those that only direct calls of the module reach get it as one parameter
 * more, so that it stays in registers. Prices and faults are the same.
 *
 * The parameter takes the index of the first declared local, which is set to zero then: no index changes.
 */

import type { FunctionPlan } from "./function-plan.js";
import type { Layout } from "./layout.js";
import type { FunctionBody, FunctionType, LocalsGroup } from "./module.js";
import { ValueType } from "./value-type.js";

/** Functions with more parameters would get this one in memory, and gain nothing. */
const parametersMax = 6;

const { I32 } = ValueType;

/** Bounds the native frame in both tiers: values, and subexpressions kept over a call, which the body bounds. */
export function frameBytes(words: number, bodyBytes: number): number {
  return 128 + 17 * words + bodyBytes;
}

/** Whether there is room for the parameter: no local is declared, or the first is of its type. */
export function hasRoomForDepth({ localsGroups }: FunctionBody, { parameters }: FunctionType): boolean {
  const first = localsGroups.find(({ count }) => count > 0);
  return parameters.length <= parametersMax && (first === undefined || first.type === I32);
}

/** A profiled module keeps the types of its functions: others stand around its bodies. */
export function takesDepth(plan: FunctionPlan | undefined, layout: Layout): boolean {
  return plan?.depthParameter === true && layout.probes === undefined;
}

/** Parameters of a function that takes depth. */
export function withDepth(parameters: readonly number[]): readonly number[] {
  return [...parameters, I32];
}

/** Declared locals of a function that takes depth: without the first, whose index the parameter has. */
export function withoutFirst(groups: readonly LocalsGroup[]): LocalsGroup[] {
  const first = groups.findIndex(({ count }) => count > 0);
  return groups.map(({ count, type }, index) => ({ count: index === first ? count - 1 : count, type }));
}

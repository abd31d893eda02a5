/**
 * What a function takes of the logical stack, and how functions hand fuel and depth to each other. Those that others
 * can reach keep both in globals, which their callers set. Those that only direct calls of the module reach get them
 * as parameters more, and give the counter back as a result more, so that both stay in registers: a counter that goes
 * through memory at every call costs the processor more than counting. Prices, tests and faults are the same.
 */

import type { FunctionPlan } from "./function-plan.js";
import type { Layout } from "./layout.js";
import type { FunctionType } from "./module.js";
import { ValueType } from "./value-type.js";

const { I32, I64 } = ValueType;

/** Bounds the native frame in both tiers: values, and subexpressions kept over a call, which the body bounds. */
export function frameBytes(words: number, bodyBytes: number): number {
  return 128 + 17 * words + bodyBytes;
}

/** A profiled module keeps the types of its functions: others stand around its bodies. */
export function takesDepth(plan: FunctionPlan | undefined, layout: Layout): boolean {
  return plan?.inner === true && plan.calls && layout.probes === undefined;
}

export function takesFuel(plan: FunctionPlan | undefined, layout: Layout): boolean {
  return plan?.inner === true && plan.usesFuel && layout.probes === undefined;
}

/** How many parameters are added. Declared locals move by so many indices. */
export function addedParameters(plan: FunctionPlan, layout: Layout): number {
  return (takesFuel(plan, layout) ? 1 : 0) + (takesDepth(plan, layout) ? 1 : 0);
}

/** Type that a function is written with: fuel and depth behind its own parameters, fuel behind its own results. */
export function writtenType(plan: FunctionPlan, layout: Layout, type: FunctionType): FunctionType {
  const fuel = takesFuel(plan, layout) ? [I64] : [];
  const depth = takesDepth(plan, layout) ? [I32] : [];
  return { parameters: [...type.parameters, ...fuel, ...depth], results: [...type.results, ...fuel] };
}

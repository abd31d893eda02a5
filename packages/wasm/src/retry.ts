/**
 * Entering a function that there is not fuel enough for. Nothing of the function has been done by then, so it does not
 * wait for fuel and go on: it hands its parameters to a function of its own, which asks for fuel and enters it again.
 * No value of the function's lives over that call; where one did, V8 would keep a copy of it in memory at every entry.
 *
 * The native stack holds the abandoned frame meanwhile: once per entry that ran dry, and never more than the frame
 * itself again. Whoever sizes native stacks leaves room for both.
 */

import { assert } from "@wasm-engine/abi";
import { takesDepth, takesFuel } from "./added-parameters.js";
import { Encoder } from "./encoder.js";
import type { FunctionPlan } from "./function-plan.js";
import { emittedIndex } from "./layout.js";
import type { Layout } from "./layout.js";
import { OpByte } from "./op-byte.js";

/** Bodies of functions that are tested at entry, in index order. */
export function retriedBodies(plans: readonly FunctionPlan[]): number[] {
  return plans.filter(({ charges }) => charges.testedAtEntry).map(({ body }) => body);
}

/**
 * Refuels for the charge at entry, then enters the function.
 * @param parameters number of the function's own, without fuel and depth
 */
export function retryBody(layout: Layout, plan: FunctionPlan, parameters: number): Encoder {
  assert(layout.retries.has(plan.body), "the function is tested at entry");
  const cost = plan.charges.behind[0] ?? 0;
  const fuelGiven = takesFuel(plan, layout);
  const body = new Encoder(parameters * 3 + 32).byte(0);
  const refuelled = (): void => {
    if (fuelGiven) body.byte(OpByte.LOCAL_GET).u32(parameters);
    else body.byte(OpByte.GLOBAL_GET).u32(layout.fuel);
    body.byte(OpByte.I64_CONST).s32(cost).byte(OpByte.CALL).u32(layout.refuelFor);
  };
  if (!fuelGiven) {
    refuelled();
    body.byte(OpByte.GLOBAL_SET).u32(layout.fuel);
  }
  for (let parameter = 0; parameter < parameters; parameter++) body.byte(OpByte.LOCAL_GET).u32(parameter);
  if (fuelGiven) refuelled();
  if (takesDepth(plan, layout)) body.byte(OpByte.LOCAL_GET).u32(parameters + (fuelGiven ? 1 : 0));
  return body.byte(OpByte.CALL).u32(emittedIndex(layout, plan.body)).byte(OpByte.END);
}

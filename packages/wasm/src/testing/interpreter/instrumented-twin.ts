/**
 * One module twice: interpreted, and instrumented and run by the engine. Calls both; whoever asks compares the
 * outcomes.
 */

import { InstrumentedStatus } from "@wasm-engine/abi";
import { instrument } from "../../instrument.js";
import { MeteredGuest } from "../metered-guest.js";
import { interpret } from "./interpreter.js";
import type { InterpretedInstance } from "./interpreter.js";
import { trapKindOf } from "./trap-text.js";
import type { CallBudget, Outcome, Value } from "./value.js";

export class InstrumentedTwin {
  readonly interpreted: InterpretedInstance;
  readonly guest: MeteredGuest;

  constructor(bytes: Uint8Array) {
    this.interpreted = interpret(bytes);
    this.guest = new MeteredGuest(instrument(bytes).bytes);
  }

  /** Outcome of the interpreter, and of the instrumented module where that is something else. */
  call(
    name: string,
    values: readonly Value[],
    budget: CallBudget = {},
  ): { expected: Outcome; actual: Outcome } {
    const expected = this.interpreted.call(name, values, budget);
    const types = expected.kind === "returned" ? expected.values.map(({ type }) => type) : [];
    return { expected, actual: this.#instrumented(name, values, budget, types) };
  }

  #instrumented(
    name: string,
    values: readonly Value[],
    budget: CallBudget,
    types: readonly Value["type"][],
  ): Outcome {
    const fuelBudget = budget.fuel ?? 1n << 60n;
    const parameters = values.map(({ type, bits }) =>
      type === "i64" ? BigInt.asIntN(64, bits) : Number(BigInt.asIntN(32, bits)),
    );
    const depth = budget.depth ?? 256 * 1024;
    const result = this.guest.call(name, parameters, { fuel: fuelBudget, depth });
    const fuel = fuelBudget - result.fuelLeft;
    if (result.outOfFuel) return { kind: "out-of-fuel", fuel };
    if (result.status === InstrumentedStatus.OUT_OF_DEPTH) return { kind: "out-of-depth", fuel };
    if (result.trap !== undefined) return { kind: "trapped", trap: trapKindOf(result.trap), fuel };
    const results = types.length > 1 ? (result.value as unknown[]) : [result.value]; // an array where there are several
    return { kind: "returned", values: types.map((type, index) => valueOf(type, results[index])), fuel };
  }
}

function valueOf(type: Value["type"], value: unknown): Value {
  const width = type === "i64" ? 64 : 32;
  if (typeof value !== "bigint" && typeof value !== "number")
    throw new Error("results of twins are integers");
  return { type, bits: BigInt.asUintN(width, BigInt(value)) };
}

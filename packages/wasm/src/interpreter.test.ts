/** The independent interpreter against instrumented modules: results, traps, fuel, depth. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble } from "./testing/assemble.js";
import { InstrumentedTwin } from "./testing/interpreter/instrumented-twin.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";

for (const { name, text, arguments: calls } of METERING_PROGRAMS) {
  test(`[G7] interpreted and instrumented agree: ${name}`, () => {
    const bytes = assemble(text);
    for (const parameters of calls) {
      const values = parameters.map(
        (number) => ({ type: "i32", bits: BigInt.asUintN(32, BigInt(number)) }) as const,
      );
      const { expected, actual } = new InstrumentedTwin(bytes).call("run", values);
      assert.deepEqual(actual, expected, `run(${parameters.join(", ")})`);
    }
  });
}

/** Planted mistakes must be noticed by the comparison with the oracle, or the comparison is worth nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { instrumentWithFaults } from "./instrument.js";
import type { InstrumentFaults } from "./instrument.js";
import { assemble } from "./testing/assemble.js";
import { meterEachInstruction } from "./testing/fuel-oracle.js";
import { MeteredGuest, OracleGuest, PLENTY_OF_FUEL } from "./testing/metered-guest.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";

const cases = METERING_PROGRAMS.map(({ name, text, arguments: calls }) => {
  const bytes = assemble(text);
  const totals = calls.map((parameters) => {
    const { fuel, value } = new OracleGuest(meterEachInstruction(bytes)).call("run", parameters);
    return { parameters, fuel, value };
  });
  return { name, bytes, totals };
});

/** Names of the programs that notice: they differ in fuel or value, trap, or are not even valid any more. */
function noticedBy(faults: InstrumentFaults): string[] {
  const names: string[] = [];
  for (const { name, bytes, totals } of cases) {
    let instrumented: Uint8Array;
    try {
      instrumented = instrumentWithFaults(bytes, {}, faults).bytes;
    } catch {
      names.push(name);
      continue;
    }
    const differs = totals.some(({ parameters, fuel, value }) => {
      const result = new MeteredGuest(instrumented).call("run", parameters);
      return result.value !== value || PLENTY_OF_FUEL - result.fuelLeft !== fuel;
    });
    if (differs) names.push(name);
  }
  return names;
}

test("without planted mistakes nothing is noticed", () => {
  assert.deepEqual(noticedBy({}), []);
});

const planted: readonly (keyof InstrumentFaults)[] = [
  "noSplitAfterBranch",
  "noSplitAfterEnd",
  "noSplitAfterElse",
  "noDefaultTarget",
  "ifWithoutElseDoesNotJoin",
  "elseStaysDead",
  "branchToIfDoesNotJoin",
  "loopChargedOnce",
  "noFlushBeforeCall",
  "noReloadAfterCall",
  "noFlushAtExit",
  "linearNotCharged",
  "parametersNotCharged",
];
for (const fault of planted) {
  test(`planted mistake is noticed: ${fault}`, (context) => {
    const names = noticedBy({ [fault]: true });
    context.diagnostic(`${names.length} of ${cases.length}: ${names.slice(0, 3).join("; ")}`);
    assert.notEqual(names.length, 0);
  });
}

test("planted mistake is noticed: loops and entries without test", () => {
  const loop = assemble(`(module (func (export "run") (local i32)
    (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))))`);
  const recursion = assemble(`(module (func $f (export "run") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0)))) (call $f (i32.sub (local.get 0) (i32.const 1)))))`);
  const stops = (bytes: Uint8Array, parameters: number[], faults: InstrumentFaults): boolean => {
    const { bytes: instrumented } = instrumentWithFaults(bytes, {}, faults);
    return new MeteredGuest(instrumented).call("run", parameters, { fuel: 500n }).trap !== undefined;
  };
  assert.equal(stops(loop, [], {}), true);
  assert.equal(stops(loop, [], { loopsNotTested: true }), false);
  assert.equal(stops(recursion, [100], {}), true);
  assert.equal(stops(recursion, [100], { entryNotTested: true }), false);
});

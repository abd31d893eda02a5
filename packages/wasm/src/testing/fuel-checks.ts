/** Mutation checks of fuel: totals, budgets, slices, tests of loops and entries, linear prices. */

import assert from "node:assert/strict";
import { InstrumentedStatus } from "@wasm-engine/abi";
import { assemble } from "./assemble.js";
import { meterEachInstruction } from "./fuel-oracle.js";
import { MeteredGuest, OracleGuest, PLENTY_OF_FUEL } from "./metered-guest.js";
import { METERING_PROGRAMS } from "./metering-programs.js";
import type { MutationCheck } from "./mutation-check.js";

const programs = METERING_PROGRAMS.map(({ name, text, arguments: calls }) => {
  const bytes = assemble(text);
  const totals = calls.map((parameters) => {
    const { fuel, value } = new OracleGuest(meterEachInstruction(bytes)).call("run", parameters);
    return { parameters, fuel, value };
  });
  return { name, bytes, totals };
});

const totals: MutationCheck = {
  name: "totals of hand-written programs",
  run(instrument) {
    for (const { name, bytes, totals: calls } of programs) {
      const instrumented = instrument(bytes).bytes;
      for (const { parameters, fuel, value } of calls) {
        const result = new MeteredGuest(instrumented).call("run", parameters);
        assert.equal(result.trap, undefined, name);
        assert.equal(result.value, value, name);
        assert.equal(PLENTY_OF_FUEL - result.fuelLeft, fuel, name);
      }
    }
  },
};

const budgets: MutationCheck = {
  name: "budgets of hand-written programs",
  run(instrument) {
    for (const { name, bytes, totals: calls } of programs) {
      const instrumented = instrument(bytes).bytes;
      for (const { parameters, fuel } of calls) {
        for (const budget of [fuel / 3n, fuel - 1n, fuel]) {
          const result = new MeteredGuest(instrumented).call("run", parameters, { fuel: budget });
          assert.equal(result.outOfFuel, budget < fuel, `${name}: ${budget} of ${fuel}`);
        }
      }
    }
  },
};

const slices: MutationCheck = {
  name: "slices of hand-written programs",
  run(instrument) {
    for (const { name, bytes, totals: calls } of programs) {
      const instrumented = instrument(bytes).bytes;
      for (const { parameters, fuel, value } of calls) {
        const guest = new MeteredGuest(instrumented, { slice: () => 37n });
        const result = guest.call("run", parameters, { fuel: 0n });
        assert.equal(result.trap, undefined, name);
        assert.equal(result.value, value, name);
        assert.equal(guest.granted - result.fuelLeft, fuel, name);
      }
    }
  },
};

/** They end by themselves, long after their budget: a build that does not stop them still gives an answer. */
const unending = assemble(`(module
  (func (export "loop") (param i32) (loop
    (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5000)))))
  (func (export "loop with parameter") (param i32) (i32.const 1) (loop (param i32) (result i32)
    (local.tee 0 (i32.add (local.get 0)))
    (br_if 0 (i32.const 1) (i32.lt_u (local.get 0) (i32.const 5000))) (drop)) (drop))
  (func (export "table") (param i32) (block $out (loop $again
    (br_table $again $out (i32.gt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5000))))))
  (func $recursion (export "recursion") (param i32)
    (if (i32.lt_u (local.get 0) (i32.const 800)) (then (call $recursion (i32.add (local.get 0) (i32.const 1))))))
  (func $leaf (param i32) ${"(local.set 0 (i32.div_u (local.get 0) (i32.const 3)))".repeat(300)})
  (func (export "leaves") (param i32) ${"(call $leaf (i32.const 1))".repeat(50)}))`);

const endless: MutationCheck = {
  name: "endless loops, recursion and long leaves",
  run(instrument) {
    const guest = new MeteredGuest(instrument(unending).bytes);
    for (const name of ["loop", "loop with parameter", "table", "recursion", "leaves"]) {
      const result = guest.call(name, [0], { fuel: 3000n, depth: 1 << 20 });
      assert.equal(result.status, InstrumentedStatus.OUT_OF_FUEL, name);
      assert.ok(result.fuelLeft > -8000n, `${name} overshoots to ${result.fuelLeft}`);
    }
  },
};

const bulkText = assemble(`(module (memory (export "memory") 1)
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))`);

const bulk: MutationCheck = {
  name: "bulk operations are charged before they act",
  run(instrument) {
    const guest = new MeteredGuest(instrument(bulkText).bytes);
    assert.equal(guest.call("fill", [60_000], { fuel: 10_000n }).status, InstrumentedStatus.OUT_OF_FUEL);
    assert.equal(guest.memory[0], 0, "nothing was written");
    const sliced = new MeteredGuest(instrument(bulkText).bytes, { slice: () => 50n });
    const { trap, fuelLeft } = sliced.call("fill", [4000], { fuel: 0n });
    assert.equal(trap, undefined);
    assert.ok(fuelLeft >= 0n, "slices are taken until all is paid");
    const huge = guest.call("fill", [-1], { fuel: 1_000_000_000n });
    assert.equal(huge.status, InstrumentedStatus.OUT_OF_FUEL, "a length is unsigned");
  },
};

export const FUEL_CHECKS: readonly MutationCheck[] = [totals, endless, bulk, budgets, slices];

/** Fuel: equal to the oracle, exact at every budget, the same however it is sliced, and frozen by golden numbers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InstrumentedStatus } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { assemble } from "./testing/assemble.js";
import { meterEachInstruction } from "./testing/fuel-oracle.js";
import { MeteredGuest, OracleGuest } from "./testing/metered-guest.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";

for (const { name, text, arguments: calls } of METERING_PROGRAMS) {
  test(`[G7] fuel is exact: ${name}`, () => {
    const bytes = assemble(text);
    const instrumented = instrument(bytes).bytes;
    for (const parameters of calls) {
      const oracle = new OracleGuest(meterEachInstruction(bytes)).call("run", parameters);
      const result = new MeteredGuest(instrumented).call("run", parameters);
      assert.equal(result.trap, oracle.trap);
      assert.equal(result.value, oracle.value);
      const total = new MeteredGuest(instrumented).fuelOf("run", parameters);
      assert.equal(total, oracle.fuel, `run(${parameters.join(", ")})`);
      sweep(instrumented, parameters, total);
      slices(instrumented, parameters, total);
    }
  });
}

/** Every budget below the total fails, every other succeeds with the same fuel. */
function sweep(bytes: Uint8Array, parameters: readonly number[], total: bigint): void {
  const step = total > 2000n ? total / 500n : 1n;
  for (let budget = 0n; budget <= total + 2n; budget += step) {
    const result = new MeteredGuest(bytes).call("run", parameters, { fuel: budget });
    assert.equal(result.outOfFuel, budget < total, `budget ${budget} of ${total}`);
    if (!result.outOfFuel) assert.equal(budget - result.fuelLeft, total);
  }
}

/** The sum over slices does not depend on their size, nor on how often the host has to be asked for one. */
function slices(bytes: Uint8Array, parameters: readonly number[], total: bigint): void {
  for (const size of [1n, 7n, 50n, 1000n]) {
    if (total / size > 5000n) continue;
    const guest = new MeteredGuest(bytes, { slice: () => size });
    const result = guest.call("run", parameters, { fuel: 0n });
    assert.equal(result.trap, undefined);
    assert.equal(guest.granted - result.fuelLeft, total, `slices of ${size}`);
  }
}

test("[G6] an endless loop and endless recursion stop at the budget", () => {
  const guest = new MeteredGuest(
    instrument(
      assemble(`(module
        (func (export "loop") (loop (br 0)))
        (func (export "branch") (local i32) (loop (br_if 0 (i32.eqz (local.get 0)))))
        (func (export "table") (loop (br_table 0 0 (i32.const 5))))
        (func (export "inner") (loop (block (br 1))))
        (func $a (export "recursion") (call $b)) (func $b (call $a)))`),
    ).bytes,
  );
  for (const name of ["loop", "branch", "table", "inner"]) {
    const result = guest.call(name, [], { fuel: 100_000n });
    assert.equal(result.status, InstrumentedStatus.OUT_OF_FUEL, name);
    assert.ok(result.fuelLeft < 0n);
    assert.ok(result.fuelLeft > -200n, "overshoot is bounded by one pass");
  }
  const recursion = guest.call("recursion", [], { fuel: 3_000n });
  assert.equal(recursion.status, InstrumentedStatus.OUT_OF_FUEL);
});

test("[G7] bulk operations are charged and tested before anything is written", () => {
  const bytes = assemble(`(module (memory (export "memory") 1)
    (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
    (func (export "huge") (memory.fill (i32.const 0) (i32.const 1) (i32.const -1))))`);
  const guest = new MeteredGuest(instrument(bytes).bytes);
  const poor = guest.call("fill", [60_000], { fuel: 10_000n });
  assert.equal(poor.status, InstrumentedStatus.OUT_OF_FUEL);
  assert.equal(guest.memory[0], 0);
  assert.equal(guest.call("fill", [60_000], { fuel: 20_000n }).outOfFuel, false);
  assert.equal(guest.memory[59_999], 1);
  // A length is unsigned: 2^32 - 1 bytes cost a quarter of that and are not a credit.
  assert.equal(guest.call("huge", [], { fuel: 1_000_000_000n }).status, InstrumentedStatus.OUT_OF_FUEL);
  const rich = guest.call("huge", [], { fuel: 2_000_000_000n });
  assert.equal(rich.status, InstrumentedStatus.NONE);
  assert.match(rich.trap ?? "", /out of bounds/);
});

test("[G6] many calls of a long function without calls or loops stop near the budget", () => {
  const long = "(local.set 0 (i32.div_u (local.get 0) (i32.const 3)))".repeat(300);
  const bytes = assemble(`(module (func $leaf (param i32) ${long})
    (func (export "run") ${"(call $leaf (i32.const 1))".repeat(500)}))`);
  const result = new MeteredGuest(instrument(bytes).bytes).call("run", [], { fuel: 20_000n });
  assert.equal(result.status, InstrumentedStatus.OUT_OF_FUEL);
  assert.ok(result.fuelLeft > -6_000n, "less than one long function and the caller's own price");
});

test("a trap leaves the status alone", () => {
  const guest = new MeteredGuest(
    instrument(assemble(`(module (func (export "run") (loop (unreachable) (br 0))))`)).bytes,
  );
  const result = guest.call("run");
  assert.equal(result.status, InstrumentedStatus.NONE);
  assert.match(result.trap ?? "", /unreachable/);
});

/** Mutation checks of the border: thunks, moved indices, start, growth of memory, dropped segments. */

import assert from "node:assert/strict";
import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { PARTS } from "../cost-table.js";
import { assemble } from "./assemble.js";
import { meterEachInstruction } from "./fuel-oracle.js";
import { MeteredGuest, OracleGuest, PLENTY_OF_FUEL } from "./metered-guest.js";
import type { MutationCheck } from "./mutation-check.js";

const hosted = assemble(`(module
  (type $exit (func (param i32) (result i32)))
  (import "wasm_engine" "tick" (func $tick (result i64)))
  (import "wasm_engine" "exit" (func $exit (type $exit)))
  (table (export "table") funcref (elem $exit $own))
  (global $reference funcref (ref.func $exit))
  (elem declare func $exit)
  (func $own (type $exit) (i32.const 9))
  (export "again" (func $exit))
  (export "reference" (global $reference))
  (func (export "own") (result i32) (call $own (i32.const 1)))
  (func (export "null") (result i32) (ref.is_null (ref.func $exit)))
  (func (export "direct") (param i32) (result i32) (call $exit (local.get 0)))
  (func (export "indirect") (param i32) (result i32) (call_indirect (type $exit) (i32.const 3) (local.get 0)))
  (func (export "twice") (result i32) (drop (call $exit (i32.const 1))) (call $exit (i32.const 2))))`);

const hostCalls: readonly (readonly [string, readonly number[]])[] = [
  ["own", []],
  ["direct", [3]],
  ["indirect", [0]],
  ["indirect", [1]],
  ["twice", []],
];

const host: MutationCheck = {
  name: "host functions are paid for on every way to them",
  run(instrument) {
    const functions = { exit: (code: number): number => code * 2, tick: (): bigint => 1n };
    const guest = new MeteredGuest(instrument(hosted).bytes, { functions });
    const table = guest.exports["table"] as WebAssembly.Table; // exported above
    const reference = guest.exports["reference"] as WebAssembly.Global; // exported above
    assert.equal(guest.fuelOf("again", [5]), BigInt(PARTS.hostCall));
    for (const callee of [table.get(0), reference.value]) {
      const before = guest.global(Instrumented.fuel);
      assert.equal((callee as (code: number) => number)(4), 8); // both hold the host function's thunk
      assert.equal(before - guest.global(Instrumented.fuel), BigInt(PARTS.hostCall));
    }
    assert.equal((table.get(1) as (code: number) => number)(4), 9); // an element of the table
    for (const [name, parameters] of hostCalls) {
      const oracle = new OracleGuest(meterEachInstruction(hosted), functions).call(name, parameters);
      const result = guest.call(name, parameters);
      assert.equal(result.value, oracle.value, name);
      assert.equal(PLENTY_OF_FUEL - result.fuelLeft, oracle.fuel, name);
    }
  },
};

const charged: MutationCheck = {
  name: "host functions charge, see a current counter and never act without fuel",
  run(instrument) {
    let acts = 0;
    let charge = 0;
    const counters: bigint[] = [];
    const exit = (): number => {
      acts += 1;
      counters.push(guest.global(Instrumented.fuel));
      guest.set(Instrumented.charge, BigInt(charge));
      return 0;
    };
    const functions = { exit, tick: (): bigint => 1n };
    const guest: MeteredGuest = new MeteredGuest(instrument(hosted).bytes, { functions });
    const base = guest.fuelOf("twice");
    const [first = 0n, second = 0n] = counters;
    assert.ok(first < PLENTY_OF_FUEL - BigInt(PARTS.hostCall), "what came before is paid");
    assert.ok(second <= first - BigInt(PARTS.hostCall), "the first call is paid before the second");
    charge = 1234;
    assert.equal(guest.fuelOf("twice"), base + 2n * 1234n);
    charge = -1;
    assert.equal(guest.fuelOf("twice"), base + 2n * 0xffff_ffffn);
    charge = 1000;
    assert.equal(guest.call("twice", [], { fuel: 500n }).status, InstrumentedStatus.OUT_OF_FUEL);
    assert.equal(guest.call("direct", [1], { fuel: 500n }).status, InstrumentedStatus.OUT_OF_FUEL);
    guest.fuelOf("direct", [1]);
    assert.equal(guest.global(Instrumented.charge), 0n, "paid once");
    charge = 0;
    for (let fuel = 0n; fuel < base; fuel++) {
      acts = 0;
      assert.equal(guest.call("twice", [], { fuel }).outOfFuel, true);
      assert.ok(BigInt(acts * PARTS.hostCall) <= fuel, `${acts} acts for ${fuel}`);
    }
  },
};

const started = assemble(`(module (memory (export "memory") 1) (func) (func $s (loop
  (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
  (br_if 0 (i32.lt_u (i32.load (i32.const 0)) (i32.const 5000))))) (start $s))`);

const start: MutationCheck = {
  name: "the start function is a metered export",
  run(instrument) {
    const guest = new MeteredGuest(instrument(started).bytes);
    const { status } = guest.call(Instrumented.start, [], { fuel: 1000n });
    assert.equal(status, InstrumentedStatus.OUT_OF_FUEL);
  },
};

const growing = assemble(`(module (memory (export "memory") 1 5)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size)))`);

const growth: MutationCheck = {
  name: "memory grows by quota and declared maximum, after it is paid",
  run(instrument) {
    const guest = new MeteredGuest(instrument(growing).bytes);
    const grow = (pages: number, quota: number): unknown =>
      guest.call("grow", [pages], { pages: quota }).value;
    assert.equal(grow(1, 1), -1);
    assert.equal(grow(0, 1), 1);
    assert.equal(grow(2, 3), 1);
    assert.equal(grow(1, 3), -1);
    assert.equal(grow(3, 65_536), -1);
    assert.equal(grow(-1, 65_536), -1);
    assert.equal(grow(2, 65_536), 3);
    const enormous = guest.fuelOf("grow", [-1]) - guest.fuelOf("grow", [0]);
    assert.equal(enormous, 0xffff_ffffn * BigInt(PARTS.page), "a number of pages is unsigned");
    assert.equal(guest.fuelOf("grow", [100]) - guest.fuelOf("grow", [1]), BigInt(99 * PARTS.page));
    const poor = new MeteredGuest(instrument(growing).bytes);
    assert.equal(poor.call("grow", [1], { fuel: 3000n }).status, InstrumentedStatus.OUT_OF_FUEL);
    assert.equal(poor.call("size").value, 1);
  },
};

const segmented = assemble(`(module (memory (export "memory") 1)
  (data (i32.const 512) "active") (data $a "abcdefgh") (data $b "ABCDEFGH") (data $kept "never dropped")
  (func (export "drop") (data.drop $a)) (func (export "dropB") (data.drop $b))
  (func (export "init") (param i32 i32 i32) (memory.init $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "initB") (param i32 i32 i32) (memory.init $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "initKept") (param i32 i32 i32) (memory.init $kept (local.get 0) (local.get 1) (local.get 2))))`);

const segments: MutationCheck = {
  name: "data segments: contents, dropping, and the flags in the state",
  run(instrument) {
    const { bytes, stateBytes } = instrument(segmented);
    assert.equal(stateBytes, 16);
    const source = new MeteredGuest(bytes);
    const fine = (guest: MeteredGuest, name: string, ...values: number[]): boolean =>
      guest.call(name, values).trap === undefined;
    assert.equal(Buffer.from(source.memory.slice(512, 518)).toString(), "active");
    assert.ok(fine(source, "init", 0, 0, 8));
    assert.ok(fine(source, "initB", 8, 0, 8));
    assert.ok(fine(source, "initKept", 16, 0, 13));
    assert.equal(Buffer.from(source.memory.slice(0, 29)).toString(), "abcdefghABCDEFGHnever dropped");
    assert.ok(fine(source, "drop"));
    assert.ok(!fine(source, "init", 0, 0, 1));
    assert.ok(fine(source, "init", 0, 0, 0));
    assert.ok(!fine(source, "init", 65_537, 0, 0));
    assert.ok(fine(source, "initB", 0, 0, 8));
    source.call(Instrumented.stateSave, [1024]);
    const target = new MeteredGuest(bytes);
    assert.ok(fine(target, "dropB"));
    target.memory.set(source.memory.slice(1024, 1040), 1024);
    target.call(Instrumented.stateLoad, [1024]);
    assert.ok(!fine(target, "init", 0, 0, 1), "dropped with the state");
    assert.ok(fine(target, "initB", 0, 0, 8), "whole again with the state");
  },
};

export const BORDER_CHECKS: readonly MutationCheck[] = [host, charged, start, growth, segments];

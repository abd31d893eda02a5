/** The border to the host: thunks, moved indices, start, memory growth, names. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { COSTS, PARTS } from "./cost-table.js";
import { instrument } from "./instrument.js";
import { assemble } from "./testing/assemble.js";
import { meterEachInstruction } from "./testing/fuel-oracle.js";
import { MeteredGuest, OracleGuest, PLENTY_OF_FUEL } from "./testing/metered-guest.js";

const hosted = assemble(`(module
  (type $exit (func (param i32) (result i32)))
  (import "wasm_engine" "exit" (func $exit (type $exit)))
  (import "wasm_engine" "tick" (func $tick (result i64)))
  (table (export "table") funcref (elem $exit $own))
  (global $reference funcref (ref.func $exit))
  (func $own (type $exit) (i32.const 9))
  (export "again" (func $exit))
  (export "reference" (global $reference))
  (func (export "direct") (param i32) (result i32) (call $exit (local.get 0)))
  (func (export "indirect") (param i32) (result i32) (call_indirect (type $exit) (i32.const 3) (local.get 0)))
  (func (export "loop") (loop (drop (call $tick)) (br 0)))
  (func (export "twice") (result i32) (drop (call $exit (i32.const 1))) (call $exit (i32.const 2))))`);

test("[G6] a host function is paid for on every way to it", () => {
  const calls: number[] = [];
  const exit = (code: number): number => {
    calls.push(code);
    return code * 2;
  };
  const functions = { exit, tick: () => 1n };
  const guest = new MeteredGuest(instrument(hosted).bytes, { functions });
  const table = guest.exports["table"] as WebAssembly.Table; // exported above
  const outside = table.get(0) as (code: number) => number; // a function element
  const reference = (guest.exports["reference"] as WebAssembly.Global).value as (code: number) => number; // as above
  assert.equal(guest.fuelOf("again", [5]), BigInt(PARTS.hostCall));
  for (const call of [outside, reference]) {
    const before = guest.global(Instrumented.fuel);
    assert.equal(call(4), 8);
    assert.equal(before - guest.global(Instrumented.fuel), BigInt(PARTS.hostCall));
  }
  const oracle = new OracleGuest(meterEachInstruction(hosted), functions);
  for (const [name, parameters] of [
    ["direct", [3]],
    ["indirect", [0]],
    ["indirect", [1]],
    ["twice", []],
  ] as const) {
    assert.equal(guest.fuelOf(name, parameters), oracle.call(name, parameters).fuel, name);
  }
  assert.ok(calls.length >= 5);
});

test("[G7] what a host function charges is paid when it returns, whole, as an unsigned number", () => {
  let charge = 0;
  const counters: bigint[] = [];
  const guest: MeteredGuest = new MeteredGuest(instrument(hosted).bytes, {
    functions: {
      exit: () => {
        counters.push(guest.global(Instrumented.fuel));
        guest.set(Instrumented.charge, BigInt(charge));
        return 0;
      },
      tick: () => 1n,
    },
  });
  const base = guest.fuelOf("twice");
  charge = 1234;
  assert.equal(guest.fuelOf("twice"), base + 2n * 1234n);
  assert.equal(guest.global(Instrumented.charge), 0n);
  charge = -1;
  assert.equal(guest.fuelOf("twice"), base + 2n * 0xffff_ffffn);
  // The host sees a counter that is current: what came before is paid.
  assert.ok(counters.every((left) => left < PLENTY_OF_FUEL));
  charge = 1000;
  const poor = guest.call("twice", [], { fuel: 500n });
  assert.equal(poor.status, InstrumentedStatus.OUT_OF_FUEL);
  assert.equal(poor.fuelLeft < 0n, true);
});

test("[G6] nothing happens outside once fuel is gone", () => {
  let acted = 0;
  const functions = {
    exit: () => {
      acted += 1;
      return 0;
    },
    tick: () => 1n,
  };
  const guest = new MeteredGuest(instrument(hosted).bytes, { functions });
  const total = guest.fuelOf("twice");
  for (let fuel = 0n; fuel < total; fuel++) {
    acted = 0;
    const { outOfFuel, fuelLeft } = guest.call("twice", [], { fuel });
    assert.equal(outOfFuel, true);
    // Every act was paid in full before it took place.
    assert.ok(
      BigInt(acted) * BigInt(PARTS.hostCall + COSTS.call) <= fuel,
      `${acted} acts for ${fuel}, left ${fuelLeft}`,
    );
  }
  assert.equal(guest.call("loop", [], { fuel: 10_000n }).status, InstrumentedStatus.OUT_OF_FUEL);
});

test("[G7] a slice is asked for exactly when the counter is negative, and again until it is not", () => {
  const seen: bigint[] = [];
  const guest = new MeteredGuest(
    instrument(
      assemble(`(module (memory (export "memory") 1)
      (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 4000))))`),
    ).bytes,
    {
      slice: (left) => {
        seen.push(left);
        return 100n;
      },
    },
  );
  const result = guest.call("run", [], { fuel: 0n });
  assert.equal(result.trap, undefined);
  assert.ok(seen.length >= 10);
  assert.ok(seen.every((left) => left < 0n));
  assert.equal(guest.memory[3999], 1);
});

test("the start function becomes a metered export", () => {
  const { bytes, hasStart } = instrument(
    assemble(`(module (memory (export "memory") 1) (func $s (loop (br 0))) (start $s))`),
  );
  assert.equal(hasStart, true);
  const guest = new MeteredGuest(bytes);
  assert.equal(guest.call(Instrumented.start, [], { fuel: 1000n }).status, InstrumentedStatus.OUT_OF_FUEL);
  assert.equal(instrument(assemble("(module)")).hasStart, false);
});

const growing = assemble(`(module (memory (export "memory") 1 5)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size)))`);

test("[G7] memory grows by quota and declared maximum only", () => {
  const { bytes, memoryPages } = instrument(growing);
  assert.equal(memoryPages, 1);
  const guest = new MeteredGuest(bytes);
  const grow = (pages: number, quota: number): unknown => guest.call("grow", [pages], { pages: quota }).value;
  assert.equal(grow(1, 1), -1);
  assert.equal(grow(0, 1), 1);
  assert.equal(grow(2, 3), 1);
  assert.equal(guest.call("size").value, 3);
  assert.equal(grow(1, 3), -1);
  assert.equal(grow(3, 65_536), -1, "beyond the declared maximum");
  assert.equal(grow(-1, 65_536), -1, "unsigned: no wrap");
  assert.equal(grow(2, 65_536), 3);
  assert.equal(grow(1, 4), -1, "a quota below the size grants nothing");
});

test("[G7] memory.grow costs by page, granted or not, before anything happens", () => {
  const guest = new MeteredGuest(instrument(growing).bytes);
  const granted = guest.fuelOf("grow", [1]);
  const refused = guest.fuelOf("grow", [100]);
  assert.equal(refused - granted, BigInt(99 * PARTS.page));
  assert.equal(guest.call("grow", [1], { fuel: 3000n }).status, InstrumentedStatus.OUT_OF_FUEL);
  assert.equal(guest.call("size").value, 2);
});

test("[G7] memory that the host does not have is the host's failure, never an answer", () => {
  // An engine-side maximum below the quota stands for a host without memory.
  const { bytes } = instrument(
    assemble(`(module (memory (export "memory") 1)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
  );
  const at = Buffer.from(bytes).indexOf(Buffer.from([0x05, 0x03, 0x01, 0x00, 0x01]));
  assert.ok(at > 0, "memory section found");
  const limited = Uint8Array.from([...bytes.slice(0, at), 5, 4, 1, 1, 1, 2, ...bytes.slice(at + 5)]);
  const guest = new MeteredGuest(limited);
  assert.equal(guest.call("grow", [1]).value, 1);
  const failed = guest.call("grow", [1]);
  assert.equal(failed.status, InstrumentedStatus.HOST_MEMORY);
  assert.notEqual(failed.trap, undefined);
});

test("the counters of a fresh instance are zero: nothing runs before the host sets them", () => {
  const module = new WebAssembly.Module(instrument(growing).bytes as BufferSource); // plain array buffer
  const imports = { wasm_engine: { [Instrumented.slice]: () => 0 } };
  const { exports } = new WebAssembly.Instance(module, imports);
  const grow = exports["grow"] as (pages: number) => number; // exported above
  assert.throws(() => grow(0), WebAssembly.RuntimeError);
  const names = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`);
  assert.deepEqual(names, [
    "memory memory",
    "function grow",
    "function size",
    "global __we_fuel",
    "global __we_depth",
    "global __we_status",
    "global __we_charge",
    "global __we_pages_max",
    "function __we_state_save",
    "function __we_state_load",
  ]);
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: "wasm_engine", name: "__we_slice", kind: "function" },
  ]);
});

test("surface: imports, exports, equal bytes for equal input, custom sections gone", () => {
  const first = instrument(hosted);
  assert.deepEqual(first.imports, ["exit", "tick"]);
  assert.deepEqual(first.exports.slice(0, 3), ["table", "again", "reference"]);
  assert.deepEqual(first.bytes, instrument(hosted.slice()).bytes);
  const named = assemble(`(module $name (func $f (export "f") (local $x i32)))`);
  assert.equal(
    WebAssembly.Module.customSections(new WebAssembly.Module(instrument(named).bytes as BufferSource), "name")
      .length,
    0,
  ); // plain array buffer
});

test("[G5] bytes that look like function indices stay what they are", () => {
  const bytes = assemble(`(module (import "wasm_engine" "tick" (func $tick (result i64)))
    (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\10\\01\\d2\\00")
    (func (export "number") (result i64) (i64.const 0x10001000d2001001))
    (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0))))`);
  const guest = new MeteredGuest(instrument(bytes).bytes, { functions: { tick: () => 1n } });
  assert.equal(guest.call("number").value, BigInt.asIntN(64, 0x10001000d2001001n));
  assert.deepEqual([...guest.memory.slice(0, 6)], [0x10, 0x00, 0x10, 0x01, 0xd2, 0x00]);
  assert.equal(guest.call("byte", [4]).value, 0xd2);
});

/** Profiled modules: as the instrumented ones in everything that shows, and every unit of fuel has its place. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Instrumented } from "@wasm-engine/abi";
import { PARTS } from "./cost-table.js";
import { concatBytes, readSections, withoutSections } from "./custom-section.js";
import { functionNamesFrom } from "./function-names.js";
import { instrument } from "./instrument.js";
import { instrumentForProfile } from "./profiled-module.js";
import type { ProfiledModule } from "./profiled-module.js";
import { assemble } from "./testing/assemble.js";
import { meterEachInstruction } from "./testing/fuel-oracle.js";
import { MeteredGuest, OracleGuest, PLENTY_OF_FUEL } from "./testing/metered-guest.js";
import type { Budget, GuestHost } from "./testing/metered-guest.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";
import { custom } from "./testing/module-bytes.js";
import { ProbeRing, fuelOf } from "./testing/probe-ring.js";
import type { ProbeEvent } from "./testing/probe-ring.js";

/** A guest of a profiled module with its ring. */
function probed(bytes: Uint8Array, host: GuestHost = {}) {
  const profiled = instrumentForProfile(bytes);
  const ring = new ProbeRing();
  const guest = new MeteredGuest(profiled.bytes, { ...host, probes: ring.imports });
  return { guest, ring, map: profiled.map, events: () => ring.events(profiled.map) };
}

/** Runs both ways with one budget: nothing that the host or the guest can see may differ. */
function assertTwins(bytes: Uint8Array, parameters: readonly number[], budget: Budget): ProbeEvent[] {
  const plain = new MeteredGuest(instrument(bytes).bytes).call("run", parameters, budget);
  const { guest, events } = probed(bytes);
  assert.deepEqual(guest.call("run", parameters, budget), plain);
  return events();
}

for (const { name, text, arguments: calls } of METERING_PROGRAMS) {
  test(`[G7] every unit of fuel has a place: ${name}`, () => {
    const bytes = assemble(text);
    for (const parameters of calls) {
      const { fuel } = new OracleGuest(meterEachInstruction(bytes)).call("run", parameters);
      assert.equal(fuelOf(assertTwins(bytes, parameters, {})), fuel, `run(${parameters.join(", ")})`);
      for (let part = 0n; part < 20n; part++) assertTwins(bytes, parameters, { fuel: (fuel * part) / 20n });
      for (const depth of [0, 200, 400, 1000, 4000]) assertTwins(bytes, parameters, { depth });
    }
  });
}

interface Frame {
  readonly name: string;
  readonly inner: Frame[];
  self: bigint;
}

/** The calls of one invocation as a tree; a trap leaves frames open. */
function treeOf(events: readonly ProbeEvent[], { functions, places }: ProfiledModule["map"]): Frame {
  const root: Frame = { name: "root", inner: [], self: 0n };
  const stack = [root];
  for (const event of events) {
    const top = stack[stack.length - 1] ?? root;
    if (event.kind === "leave") stack.pop();
    else if (event.kind === "enter") {
      const frame: Frame = { name: functions[event.function] ?? "", inner: [], self: 0n };
      top.inner.push(frame);
      stack.push(frame);
    } else {
      assert.equal(
        functions[places[event.place]?.function ?? -1],
        top.name,
        "fuel is charged in its function",
      );
      top.self += event.fuel;
    }
  }
  return root;
}

function totalOf(frame: Frame): bigint {
  return frame.inner.reduce((sum, inner) => sum + totalOf(inner), frame.self);
}

const calling = assemble(`(module
  (type $unary (func (param i32) (result i32)))
  (table funcref (elem $even $odd $fib))
  (memory (export "memory") 1)
  (func $even (export "even") (type $unary)
    (if (result i32) (local.get 0) (then (call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
  (func $odd (export "odd") (type $unary)
    (if (result i32) (local.get 0) (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
  (func $fib (export "fib") (type $unary)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "chosen") (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 1) (local.get 0)))
  (func $deep (param i32) (if (i32.eqz (local.get 0)) (then unreachable))
    (call $deep (i32.sub (local.get 0) (i32.const 1))))
  (func (export "fail") (param i32) (call $deep (local.get 0)))
  (func (export "bulk") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
    (drop (memory.grow (i32.const 2)))))`);

test("[G7] inclusive fuel of a callee is what the oracle says of the callee alone", () => {
  const { guest, map, events } = probed(calling);
  const oracle = new OracleGuest(meterEachInstruction(calling));
  const fuel = (name: string, ...parameters: number[]): bigint => oracle.call(name, parameters).fuel;
  guest.call("even", [7]);
  let [frame] = treeOf(events(), map).inner;
  for (let left = 7; left >= 0; left--) {
    const name = left % 2 === 1 ? "even" : "odd";
    assert.equal(frame?.name, name);
    assert.equal(frame && totalOf(frame), fuel(name, left), `${name}(${left})`);
    frame = frame?.inner[0];
  }
  guest.call("fib", [9]);
  const [fib] = treeOf(events(), map).inner;
  const check = (at: Frame | undefined, argument: number): void => {
    assert.equal(at && totalOf(at), fuel("fib", argument), `fib(${argument})`);
    assert.equal(at?.inner.length, argument < 2 ? 0 : 2);
    if (argument < 2) return;
    check(at?.inner[0], argument - 1);
    check(at?.inner[1], argument - 2);
  };
  check(fib, 9);
  for (const [index, name] of ["even", "odd", "fib"].entries()) {
    guest.call("chosen", [index, 6]);
    const [chosen] = treeOf(events(), map).inner;
    assert.equal(chosen?.name, "chosen");
    assert.equal(chosen?.inner[0]?.name, name);
    assert.equal(chosen && totalOf(chosen), fuel("chosen", index, 6));
    assert.equal(chosen?.inner[0] && totalOf(chosen.inner[0]), fuel(name, 6));
  }
});

test("[G6] a trap leaves frames open, and the next call starts from none", () => {
  const { guest, map, events } = probed(calling);
  const { fuel } = new OracleGuest(meterEachInstruction(calling)).call("fail", [5]);
  assert.match(guest.call("fail", [5]).trap ?? "", /unreachable/);
  const failed = events();
  assert.equal(failed.filter(({ kind }) => kind === "enter").length, 7);
  assert.equal(failed.filter(({ kind }) => kind === "leave").length, 0);
  // A segment is charged whole: of the last one, what comes behind the trap.
  assert.ok(fuelOf(failed) >= fuel);
  // What each open frame and its callers have paid ahead or owe is bounded.
  const ahead = Number(PLENTY_OF_FUEL - guest.global(Instrumented.fuel) - fuelOf(failed));
  assert.ok(Math.abs(ahead) <= 7 * 256, `the counter is ${ahead} ahead`);
  guest.call("fib", [2]);
  assert.equal(treeOf(events(), map).inner.length, 1);
});

test("[G6] out of fuel, what was heard is what was covered", () => {
  const total = new MeteredGuest(instrument(calling).bytes).fuelOf("fib", [8]);
  for (const fuel of [0n, 1n, total / 2n, total - 1n]) {
    const { guest, events } = probed(calling);
    const result = guest.call("fib", [8], { fuel });
    assert.ok(result.outOfFuel);
    const heard = fuelOf(events());
    // The charge that could not be covered was made, and nobody went on behind it.
    assert.ok(heard <= fuel - result.fuelLeft && heard > fuel - 300n, `${heard} of ${fuel}`);
  }
});

test("[G7] bulk operations and growth are places of their own, by operand", () => {
  const { guest, map, events } = probed(calling);
  guest.call("bulk", [1000]);
  const heard = events().flatMap((event) => (event.kind === "charge" ? [event] : []));
  const linear = heard.filter(({ place }) => map.places[place]?.linear !== undefined);
  assert.deepEqual(
    linear.map(({ fuel }) => fuel),
    [250n, BigInt(2 * PARTS.page)],
  );
  const names = linear.map(({ place }) => calling[map.places[place]?.offset ?? 0]);
  assert.deepEqual(names, [0xfc, 0x40], "offsets are those of the original's instructions");
});

test("[G7] a host function is a frame with its price and what it charged", () => {
  const bytes = assemble(`(module
    (import "wasm_engine" "send" (func $send (param i32) (result i32)))
    (import "wasm_engine" "tick" (func $tick (result i64)))
    (memory (export "memory") 1)
    (func (export "run") (drop (call $send (i32.const 8))) (drop (call $tick))))`);
  const holder: { guest?: MeteredGuest } = {};
  const send = (): number => {
    holder.guest?.set(Instrumented.charge, 777n);
    return 1;
  };
  const { guest, map, events } = probed(bytes, { functions: { send, tick: () => 1n } });
  holder.guest = guest;
  const fuel = guest.fuelOf("run");
  const root = treeOf(events(), map);
  assert.equal(totalOf(root), fuel);
  const called = root.inner[0]?.inner.map(({ name, self }) => [name, self]);
  const price = BigInt(PARTS.hostCall);
  assert.deepEqual(called, [
    ["host:send", price + 777n],
    ["host:tick", price],
  ]);
});

test("[G7] a full ring is handed over and nothing is lost", () => {
  const { guest, ring, events } = probed(
    assemble(`(module (memory (export "memory") 1) (func $leaf)
      (func (export "run") (param i32) (loop
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 8)) (call $leaf)
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`),
  );
  const fuel = guest.fuelOf("run", [50_000]);
  assert.equal(fuelOf(events()), fuel);
  assert.ok(ring.flushes > 3);
});

test("state, start and segment flags are where the instrumented module has them", () => {
  const bytes = assemble(`(module
    (memory (export "memory") 1) (global $count (mut i64) (i64.const 3)) (data $once "abc")
    (func $start (global.set $count (i64.const 4)) (data.drop $once)) (start $start)
    (func (export "run") (result i64) (global.get $count)))`);
  const image = (guest: MeteredGuest): Uint8Array => {
    guest.call(Instrumented.start);
    guest.call(Instrumented.stateSave, [64]);
    return guest.memory.slice(0, 256);
  };
  assert.deepEqual(image(probed(bytes).guest), image(new MeteredGuest(instrument(bytes).bytes)));
});

test("functions are named by the name section, by exports, by number", () => {
  const bytes = assemble(
    `(module (import "wasm_engine" "tick" (func (result i64))) (func (export "run")) (func))`,
  );
  const nameless = withoutSections(bytes, readSections(bytes), (name) => name === "name");
  const functions = (module: Uint8Array): readonly string[] => instrumentForProfile(module).map.functions;
  assert.deepEqual(functions(nameless), ["host:tick", "run", "function 2"]);
  const named = custom("name", 1, 7, 2, 1, 1, 0x61, 2, 1, 0x62);
  assert.deepEqual(functions(concatBytes([nameless, named])), ["host:tick", "a", "b"]);
  const borrowed = functionNamesFrom(nameless, concatBytes([nameless, custom("other"), named]));
  assert.deepEqual(borrowed, ["host:tick", "a", "b"]);
  const other = assemble(`(module (import "wasm_engine" "tick" (func (result i64))) (func (export "run")))`);
  assert.equal(functionNamesFrom(nameless, other), undefined);
  const damaged = custom("name", 1, 7, 2, 1, 1, 0x61, 2, 9, 0x62);
  assert.deepEqual(functions(concatBytes([nameless, damaged])), ["host:tick", "run", "function 2"]);
});

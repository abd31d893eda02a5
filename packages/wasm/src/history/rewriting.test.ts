/** Historic bugs of rewriting and of what surrounds it: 11 to 14, 16, 18, 19, 24, 25. */

import assert from "node:assert/strict";
import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { COSTS, PARTS } from "../cost-table.js";
import { instrument } from "../instrument.js";
import { assemble } from "../testing/assemble.js";
import { guestOf, historic } from "../testing/historic-bug.js";
import { MeteredGuest } from "../testing/metered-guest.js";
import { HEADER, functionModule, moduleOf, section } from "../testing/module-bytes.js";
import { engineAccepts } from "../testing/web-assembly.js";
import { validate } from "../validator.js";

const starting = `(module (memory (export "memory") 1)
  (func $begin (i32.store (i32.const 0) (i32.div_u (i32.const 84) (i32.const 2)))) (start $begin))`;

historic(11, () => {
  const guest = guestOf(starting);
  assert.equal(guest.memory[0], 0, "nothing runs at instantiation");
  const fuel = guest.fuelOf(Instrumented.start);
  assert.ok(fuel > COSTS["divide"]);
  assert.equal(guest.memory[0], 42);
  assert.equal(guest.call(Instrumented.start, [], { fuel: fuel - 1n }).outOfFuel, true);
  assert.equal(guest.call(Instrumented.start, [], { fuel }).outOfFuel, false);
});

historic(
  11,
  () => {
    const guest = new MeteredGuest(instrument(assemble(starting), { profile: "conformance" }).bytes);
    assert.equal(guest.memory[0], 42);
    assert.equal((1n << 61n) - guest.global(Instrumented.fuel), guestOf(starting).fuelOf(Instrumented.start));
  },
  "let through, it is metered where it runs",
);

historic(12, () => {
  const text = `(module (import "wasm_engine" "random" (func $host (param i32 i32) (result i32)))
    (type $t (func (param i32 i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $host)
    (export "again" (func $host))
    (func (export "run") (result i32) (call_indirect (type $t) (i32.const 0) (i32.const 0) (i32.const 0))))`;
  let calls = 0;
  const guest = guestOf(text, { random: () => (calls += 1) });
  assert.equal(guest.fuelOf("again", [0, 0]), BigInt(PARTS.hostCall));
  const direct = PARTS.functionEntry + 3 * COSTS.basic + COSTS["call-indirect"] + 2 * PARTS.parameterWord;
  assert.equal(guest.fuelOf("run"), BigInt(direct + PARTS.hostCall));
  calls = 0;
  const short = BigInt(direct + PARTS.hostCall - 1);
  assert.equal(guest.call("run", [], { fuel: short }).status, InstrumentedStatus.OUT_OF_FUEL);
  assert.equal(guest.call("again", [0, 0], { fuel: BigInt(PARTS.hostCall) - 1n }).outOfFuel, true);
  assert.equal(calls, 0, "the host does not act for nothing");
});

historic(13, () => {
  // 0x10 is `call`, 0xd2 `ref.func`, 0x23 `global.get`: in data, constants and offsets they are just bytes.
  const text = `(module (import "wasm_engine" "tick" (func $host (result i64)))
    (memory (export "memory") 1) (global $g i32 (i32.const 0x10)) (table 20 funcref) (elem (i32.const 16) $f)
    (data (i32.const 0x10) "\\10\\00\\10\\01\\d2\\00\\23\\00\\0b\\10")
    (func $f (result i32) (i32.const 0x0010))
    (func (export "run") (result i32)
      (drop (call $host)) (drop (i64.const 0x10001000)) (drop (f64.const 0x1.00010d2p0))
      (drop (v128.const i8x16 16 0 16 1 0xd2 0 35 0 16 0 16 1 0xd2 0 35 0))
      (i32.add (i32.load offset=16 (i32.const 0)) (i32.add (global.get $g)
        (call_indirect (result i32) (i32.const 16))))))`;
  const guest = guestOf(text, { tick: () => 0n });
  assert.deepEqual([...guest.memory.subarray(16, 26)], [0x10, 0, 0x10, 1, 0xd2, 0, 0x23, 0, 0x0b, 0x10]);
  assert.equal(guest.call("run").value, 0x01100010 + 0x10 + 0x10);
});

historic(14, () => {
  const text = `(module (import "m" "a" (global $a (mut i64))) (import "m" "b" (global $b i32))
    (global $c (mut i64) (i64.const 7)) (global $d (mut i64) (i64.const 9))
    (func (export "run") (param i32) (result i64)
      (global.set $a (i64.add (global.get $a) (i64.const 1)))
      (global.set $d (i64.add (global.get $d) (i64.extend_i32_u (global.get $b))))
      (i64.add (global.get $c) (global.get $d))))`;
  const { bytes } = instrument(assemble(text), { profile: "conformance" });
  const a = new WebAssembly.Global({ value: "i64", mutable: true }, 0n);
  const module = new WebAssembly.Module(bytes as BufferSource); // never shared memory
  const { exports } = new WebAssembly.Instance(module, { m: { a, b: 5 } });
  const run = exports["run"] as (value: number) => bigint; // exported above
  const fuel = exports[Instrumented.fuel] as WebAssembly.Global; // added
  const before = BigInt(fuel.value as bigint); // an i64 global
  assert.deepEqual([run(0), run(0), a.value], [21n, 26n, 2n]);
  const each = PARTS.functionEntry + 7 * COSTS["global"] + 1 * COSTS.basic + 4 * COSTS.basic;
  assert.equal(before - BigInt(fuel.value as bigint), 2n * BigInt(each));
});

historic(16, () => {
  const profile = "conformance";
  // if, else, a loop with a branch back, and arithmetic between.
  const sums = Array.from({ length: 8 }, () => [0x41, 1, 0x41, 2, 0x6a, 0x1a]).flat();
  const unit = [0x41, 0, 0x04, 0x40, ...sums, 0x05, 0x03, 0x40, ...sums, 0x41, 0, 0x0d, 0, 0x0b, 0x0b];
  const sized = (units: number): Uint8Array =>
    functionModule([...Array.from({ length: units }, () => unit).flat(), 0x0b]);
  const measure = (units: number): readonly [number, number] => {
    const bytes = sized(units);
    return [
      validate(bytes, { profile }).steps / bytes.length,
      instrument(bytes, { profile }).bytes.length / bytes.length,
    ];
  };
  const [small, large] = [measure(150), measure(15_000)];
  assert.ok(large[0] <= small[0] * 1.01, `steps per byte: ${small[0]} to ${large[0]}`);
  assert.ok(large[1] <= small[1] * 1.05, `size per byte: ${small[1]} to ${large[1]}`);
});

historic(18, () => {
  const [first, second] = ["(f64.const 2)", "(f64.const 3)"].map((value) =>
    assemble(`(module (func (export "run") (result f64) (f64.add (f64.const 1) ${value})))`),
  );
  assert.ok(first !== undefined && second !== undefined);
  const once = instrument(first).bytes;
  assert.notDeepEqual(instrument(second).bytes, once);
  assert.notDeepEqual(instrument(first, { profile: "conformance" }).bytes, once);
  assert.notDeepEqual(instrument(first, { canonicalizeNan: false }).bytes, once);
  assert.deepEqual(instrument(first).bytes, once, "nothing is remembered from call to call");
});

historic(19, () => {
  const constructs: readonly (readonly [string, readonly number[]])[] = [
    ["struct.new", [0xfb, 0, 0]],
    ["array.new", [0xfb, 6, 0]],
    ["array.copy", [0xfb, 17, 0, 0]],
  ];
  for (const [name, code] of constructs) {
    const refused = { code: "WE_MODULE_FEATURE_REFUSED", message: /"gc"/ };
    assert.throws(
      () => instrument(functionModule([...code, 0x0b]), { profile: "conformance" }),
      refused,
      name,
    );
  }
  const array = moduleOf(section(1, 1, 0x5e, 0x7f, 0));
  assert.throws(() => instrument(array), { code: "WE_MODULE_FEATURE_REFUSED", message: /"gc"/ });
});

/** Four bytes more than needed for everything that is a number. */
const padded = (value: number): number[] => [value | 0x80, 0x80, 0x80, 0x80, 0];

historic(24, () => {
  const exported = [...padded(1), ...padded(3), 0x72, 0x75, 0x6e, 0, ...padded(1)];
  const body = [...padded(0), 0x41, 0x2a, 0x10, ...padded(0), 0x0b];
  const callee = [0, 0x20, ...padded(0), 0x0b];
  const code = [2, ...padded(callee.length), ...callee, ...padded(body.length), ...body];
  const bytes = Uint8Array.from([
    ...HEADER,
    ...[1, ...padded(18), ...padded(2), 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, ...padded(1), 0x7f],
    ...[3, ...padded(7), ...padded(2), 0, 1],
    ...[7, ...padded(exported.length), ...exported],
    ...[10, ...padded(code.length), ...code],
  ]);
  assert.ok(engineAccepts(bytes));
  const { bytes: output } = instrument(bytes);
  const guest = new MeteredGuest(output);
  assert.equal(guest.call("run").value, 42);
  assert.ok(engineAccepts(output));
  const longer = Uint8Array.from([...HEADER, 1, 0x81, 0x80, 0x80, 0x80, 0x80, 0, 0]);
  assert.throws(() => instrument(longer), { code: "WE_MODULE_MALFORMED", message: /too long/ });
});

historic(25, () => {
  for (const profile of ["agent", "conformance"] as const) {
    for (const text of [
      `(module (global (export "__we_fuel") (mut i64) (i64.const 0)))`,
      `(module (func (export "__we_state_load") (param i32)))`,
      `(module (import "wasm_engine" "__we_slice" (func (result i32))))`,
    ]) {
      assert.throws(() => instrument(assemble(text), { profile }), { code: "WE_MODULE_NAME_RESERVED" }, text);
    }
    // Index 1 is the fuel counter of the instrumented module, and nothing in the original.
    const global = section(6, 1, 0x7e, 1, 0x42, 0, 0x0b);
    const writing = functionModule([0x42, 0, 0x24, 1, 0x0b], global);
    assert.throws(() => instrument(writing, { profile }), {
      code: "WE_MODULE_UNKNOWN_INDEX",
      message: /global 1/,
    });
  }
});

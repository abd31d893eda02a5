/** Profile `conformance`: an instrumented module stands in for the original in any program, for as long as it runs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { assemble } from "./testing/assemble.js";

type Call = (...values: unknown[]) => unknown;

function instanceOf(text: string, imports: object = {}): WebAssembly.Instance {
  const { bytes } = instrument(assemble(text), { profile: "conformance" });
  const module = new WebAssembly.Module(bytes as BufferSource); // never shared memory
  return new WebAssembly.Instance(module, imports as WebAssembly.Imports); // the types know no references
}

function callOf(instance: WebAssembly.Instance, name: string): Call {
  return instance.exports[name] as Call; // tests name functions
}

/** Depth to a native overflow, or the values that came back. */
function overflows(call: Call, ...values: unknown[]): void {
  assert.throws(() => call(...values), RangeError);
}

/** Each call takes frames of about 150 bytes off the logical stack: 2^31 of them last for 14 million frames. */
const counting = `(func $leaf (param i32) (result i32) (call $one (local.get 0)))
  (func $one (param i32) (result i32) (i32.add (local.get 0) (call $zero)))
  (func $zero (result i32) (i32.const 1))
  (func $run (export "run") (param i32) (result i32) (call $leaf (call $leaf (call $leaf (local.get 0)))))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))`;

test("five million calls of an export use up no depth", () => {
  const instance = instanceOf(`(module ${counting})`);
  const run = callOf(instance, "run");
  let value = 0;
  for (let count = 0; count < 5_000_000; count++) value = run(value) as number; // an i32
  assert.equal(value, 15_000_000);
});

test("calls that overflow the native stack, and traps at depth, use up no depth", () => {
  const instance = instanceOf(`(module ${counting}
    (func $fall (export "fall") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $fall (i32.sub (local.get 0) (i32.const 1)))))
        (else (unreachable)))))`);
  // Enough for a few times the native stack of a main thread.
  (instance.exports[Instrumented.depth] as WebAssembly.Global).value = 16 * 1024 * 1024;
  for (let count = 0; count < 100; count++) overflows(callOf(instance, "down"), -1);
  for (let count = 0; count < 1_000; count++) {
    assert.throws(() => callOf(instance, "fall")(1_000), WebAssembly.RuntimeError);
  }
  assert.equal(callOf(instance, "down")(3_000), 3_000);
  assert.equal(callOf(instance, "run")(4), 7);
});

test("the host may call back into the module that called it, and the caller goes on as before", () => {
  const holder: { again?: Call } = {};
  const instance = instanceOf(
    `(module (import "any" "where" (func $host (param i32) (result i32))) ${counting}
      (func $ping (export "ping") (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (i32.add (call $host (i32.sub (local.get 0) (i32.const 1))) (call $down (i32.const 5))))
          (else (i32.const 0)))))`,
    { any: { where: (value: number) => holder.again?.(value) } },
  );
  holder.again = callOf(instance, "ping");
  for (let count = 0; count < 20_000; count++) assert.equal(holder.again(20), 100);
});

test("a budget that the outside sets holds for every call until it sets another", () => {
  const instance = instanceOf(`(module ${counting})`);
  const depth = instance.exports[Instrumented.depth] as WebAssembly.Global;
  const status = instance.exports[Instrumented.status] as WebAssembly.Global;
  depth.value = 64 * 1024;
  for (let count = 0; count < 100; count++) {
    assert.equal(callOf(instance, "down")(100), 100);
    assert.throws(() => callOf(instance, "down")(10_000), WebAssembly.RuntimeError);
    assert.equal(status.value, InstrumentedStatus.OUT_OF_DEPTH);
    status.value = 0;
  }
  depth.value = 64 * 1024 * 1024;
  assert.equal(callOf(instance, "down")(3_000), 3_000);
});

/** A module that offers a table, a memory and functions, and one that imports them and calls through the table. */
const owner = `(module (table (export "table") 4 funcref) (memory (export "memory") 1 4) ${counting}
  (func $private (param i32) (result i32) (call $leaf (local.get 0)))
  (elem (i32.const 0) $run $private) (elem declare func $run)
  (func (export "reference") (result funcref) (ref.func $run))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1))))`;
const user = `(module (type $t (func (param i32) (result i32)))
  (import "owner" "table" (table 4 funcref)) (import "owner" "memory" (memory 1))
  (import "owner" "run" (func $theirs (param i32) (result i32)))
  (export "theirs" (func $theirs))
  (func $mine (export "mine") (param i32) (result i32) (call $theirs (i32.load (local.get 0))))
  (elem (i32.const 2) $mine $theirs)
  (func (export "through") (param i32 i32) (result i32)
    (local i32)
    (loop
      (local.set 2 (call_indirect (type $t) (i32.const 4) (local.get 0)))
      (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2)))`;

test("two instrumented modules share functions, a table and a memory for millions of calls", () => {
  const first = instanceOf(owner);
  const second = instanceOf(user, { owner: first.exports });
  callOf(first, "store")(4, 40);
  const through = callOf(second, "through");
  assert.equal(through(0, 5_000_000), 7, "exported");
  assert.equal(through(1, 5_000_000), 5, "in the table only");
  assert.equal(through(2, 100_000), 43, "back to the importer and over again");
  assert.equal(through(3, 100_000), 7);
});

test("functions keep their identity and type: export, table, reference, re-export", () => {
  const first = instanceOf(owner);
  const second = instanceOf(user, { owner: first.exports });
  const table = first.exports["table"] as WebAssembly.Table;
  assert.equal(first.exports["run"], table.get(0));
  assert.equal(callOf(first, "reference")(), table.get(0));
  assert.equal(second.exports["theirs"], first.exports["run"]);
  assert.equal(second.exports["mine"], table.get(2));
  const wrong = `(module (import "owner" "run" (func (param i64) (result i32))))`;
  assert.throws(() => instanceOf(wrong, { owner: first.exports }), WebAssembly.LinkError);
});

test("imports and exports of every kind and name, and the start section, are let through", () => {
  const counter = new WebAssembly.Global({ value: "i64", mutable: true }, 5n);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const table = new WebAssembly.Table({ initial: 2, element: "anyfunc" });
  const seen: unknown[] = [];
  const instance = instanceOf(
    `(module (import "" "" (func $say (param externref i64))) (import "\\c3\\bc" "\\00" (global $g (mut i64)))
      (import "m" "m" (memory $m 1 3)) (import "t" "t" (table $t 2 funcref))
      (import "x" "x" (global $x externref))
      (func $begin (call $say (global.get $x) (global.get $g)) (global.set $g (i64.const 6)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "set") (table.set $t (i32.const 1) (ref.func $begin)))
      (start $begin)
      (export "agent_init" (memory $m)) (export "wasm_engine" (global $g))
      (export "" (func $begin)) (export "t" (table $t)))`,
    {
      "": { "": (...values: unknown[]) => void seen.push(...values) },
      ü: { "\0": counter },
      m: { m: memory },
      t: { t: table },
      x: { x: "outside" },
    },
  );
  assert.deepEqual([seen, counter.value], [["outside", 5n], 6n]);
  assert.equal(callOf(instance, "grow")(2), 1);
  assert.equal(callOf(instance, "grow")(1), -1);
  assert.equal(memory.buffer.byteLength, 3 * 65_536);
  callOf(instance, "set")();
  assert.equal(table.get(1), instance.exports[""]);
});

test("nothing is added to the imports; added exports stand behind the original ones", () => {
  const { bytes } = instrument(assemble(user), { profile: "conformance" });
  const module = new WebAssembly.Module(bytes as BufferSource); // never shared memory
  const names = WebAssembly.Module.imports(module).map(({ name }) => name);
  assert.deepEqual(names, ["table", "memory", "run"]);
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(exported.slice(0, 3), ["theirs", "mine", "through"]);
  assert.ok(exported.slice(3).every((name) => name.startsWith("__we_")));
});

for (const [construct, text] of [
  ["export", `(module (func (export "__we_fuel")))`],
  ["import", `(module (import "counter" "__we_fuel" (global (mut i64))))`],
  ["import", `(module (import "__we_host" "f" (func)))`],
] as const) {
  test(`reserved names are refused in the conformance profile too: ${construct} ${text.length}`, () => {
    assert.throws(() => instrument(assemble(text), { profile: "conformance" }), {
      code: "WE_MODULE_NAME_RESERVED",
      message: new RegExp("__we_"),
    });
  });
}

test("a start function that traps makes instantiation fail, as it does for the original", () => {
  assert.throws(() => instanceOf("(module (func $f unreachable) (start $f))"), WebAssembly.RuntimeError);
});

test("an import that is declared by its export alone may be referred to", () => {
  const text = `(module (import "m" "f" (func $f (result i32))) (table 1 funcref) (export "again" (func $f))
    (func (export "isNull") (result i32) (ref.is_null (ref.func $f)))
    (func (export "call") (result i32) (table.set (i32.const 0) (ref.func $f))
      (call_indirect (result i32) (i32.const 0))))`;
  const f = (): number => 7;
  const instance = instanceOf(text, { m: { f } });
  assert.equal(callOf(instance, "isNull")(), 0);
  assert.equal(callOf(instance, "call")(), 7);
  assert.equal(callOf(instance, "again")(), 7);
});

/** State that JavaScript cannot see: mutable globals bit by bit and dropped segments, saved here and loaded there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Instrumented } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { assemble } from "./testing/assemble.js";
import { MeteredGuest } from "./testing/metered-guest.js";

const globals = assemble(`(module (memory (export "memory") 1)
  (global $f (mut f32) (f32.const nan:0x200001)) (global $constant i32 (i32.const 5))
  (global $d (mut f64) (f64.const -nan:0x4000000000001)) (global $v (mut v128) (v128.const i64x2 1 2))
  (global $i (mut i32) (i32.const -1)) (global $l (mut i64) (i64.const 0x123456789abcdef))
  (func (export "write")
    (global.set $f (f32.reinterpret_i32 (i32.const 0xffa54321)))
    (global.set $d (f64.reinterpret_i64 (i64.const 0x7ff0000000000001)))
    (global.set $v (v128.const i32x4 0x7fa00001 0xffc00002 3 0xffffffff))
    (global.set $i (i32.const 77)) (global.set $l (i64.const -2)))
  (func (export "dump") (param i32)
    (v128.store (local.get 0) (global.get $v)) (i64.store offset=16 (local.get 0) (global.get $l))
    (f64.store offset=24 (local.get 0) (global.get $d)) (f32.store offset=32 (local.get 0) (global.get $f))
    (i32.store offset=36 (local.get 0) (global.get $i))))`);

function dump(guest: MeteredGuest): string {
  guest.call("dump", [4096]);
  return Buffer.from(guest.memory.slice(4096, 4136)).toString("hex");
}

test("[G4] mutable globals survive bit by bit: signalling NaN, vectors, 64-bit integers", () => {
  const { bytes, stateBytes } = instrument(globals);
  const source = new MeteredGuest(bytes);
  const fresh = dump(source);
  assert.equal(source.call("write").trap, undefined);
  const written = dump(source);
  assert.notEqual(written, fresh);
  assert.match(written, /0100a07f0200c0ff/);
  source.call(Instrumented.stateSave, [1024]);
  const state = source.memory.slice(1024, 1024 + stateBytes);
  assert.equal(stateBytes, 48);
  assert.deepEqual(
    [...source.memory.slice(1024 + stateBytes, 1024 + stateBytes + 16)],
    new Array(16).fill(0),
  );
  // Vector, then 8-byte values, then 4-byte values, each in index order: this order is stored in snapshots.
  assert.equal(
    Buffer.from(state).toString("hex"),
    "0100a07f0200c0ff03000000ffffffff" +
      "010000000000f07f" +
      "feffffffffffffff" +
      "2143a5ff" +
      "4d000000" +
      "0".repeat(16),
  );
  const target = new MeteredGuest(bytes);
  assert.equal(dump(target), fresh);
  target.memory.set(state, 2048);
  target.call(Instrumented.stateLoad, [2048]);
  assert.equal(dump(target), written);
});

const segments = assemble(`(module (memory (export "memory") 1)
  (data (i32.const 512) "active") (data $a "abcdefgh") (data $b "ABCDEFGH") (data $kept "never dropped")
  (func (export "drop") (data.drop $a)) (func (export "dropB") (data.drop $b))
  (func (export "dropActive") (data.drop 0))
  (func (export "init") (param i32 i32 i32) (memory.init $a (local.get 0) (local.get 1) (local.get 2)))
  (func (export "initB") (param i32 i32 i32) (memory.init $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "initActive") (param i32 i32 i32) (memory.init 0 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "initKept") (param i32 i32 i32) (memory.init $kept (local.get 0) (local.get 1) (local.get 2))))`);

test("[G4] data.drop is state: it behaves as the specification says and moves with the state", () => {
  const { bytes, stateBytes } = instrument(segments);
  assert.equal(stateBytes, 16);
  const source = new MeteredGuest(bytes);
  const fine = (guest: MeteredGuest, name: string, ...values: number[]): boolean =>
    guest.call(name, values).trap === undefined;
  assert.equal(fine(source, "init", 0, 0, 8), true);
  assert.equal(fine(source, "init", 0, 1, 8), false);
  assert.equal(fine(source, "drop"), true);
  assert.equal(fine(source, "drop"), true);
  assert.equal(fine(source, "dropActive"), true);
  assert.equal(fine(source, "init", 0, 0, 1), false, "dropped: nothing left to copy");
  assert.equal(fine(source, "init", 0, 0, 0), true, "dropped: copying nothing is allowed");
  assert.equal(fine(source, "init", 0, 1, 0), false, "dropped: an offset beyond nothing is not");
  assert.equal(fine(source, "init", 65_537, 0, 0), false, "and the target is checked");
  assert.equal(fine(source, "initB", 0, 0, 8), true);
  assert.equal(fine(source, "initActive", 0, 0, 1), false, "active segments are dropped from the beginning");
  assert.equal(fine(source, "initActive", 0, 0, 0), true);
  assert.equal(fine(source, "initKept", 0, 0, 13), true);
  source.call(Instrumented.stateSave, [1024]);
  const target = new MeteredGuest(bytes);
  assert.equal(fine(target, "init", 0, 0, 8), true);
  target.memory.set(source.memory.slice(1024, 1040), 1024);
  target.call(Instrumented.stateLoad, [1024]);
  assert.equal(fine(target, "init", 0, 0, 1), false);
  assert.equal(fine(target, "initB", 0, 0, 8), true);
});

test("[G5] state of an earlier owner is overwritten whole", () => {
  const { bytes } = instrument(segments);
  const slot = new MeteredGuest(bytes);
  slot.call(Instrumented.stateSave, [1024]);
  const clean = slot.memory.slice(1024, 1040);
  slot.call("drop");
  slot.call("dropB");
  slot.memory.set(clean, 1024);
  slot.call(Instrumented.stateLoad, [1024]);
  assert.equal(slot.call("init", [0, 0, 8]).trap, undefined);
  assert.equal(slot.call("initB", [0, 0, 8]).trap, undefined);
});

test("mutable references cannot be saved and are refused", () => {
  const bytes = assemble(`(module (memory (export "memory") 1) (global (mut funcref) (ref.null func)))`);
  assert.throws(() => instrument(bytes), { code: "WE_MODULE_FEATURE_REFUSED" });
});

test("a module without state saves nothing", () => {
  const { bytes, stateBytes } = instrument(assemble(`(module (memory (export "memory") 1))`));
  assert.equal(stateBytes, 0);
  const guest = new MeteredGuest(bytes);
  guest.call(Instrumented.stateSave, [65_536]);
  assert.ok(guest.memory.every((byte) => byte === 0));
});

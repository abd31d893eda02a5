import assert from "node:assert/strict";
import { test } from "node:test";
import { GATE_BYTES, GateHub, HUB_BYTES } from "./gate-module.js";
import { GATE_TEXT, HUB_TEXT } from "./testing/gate-text.js";
import { binaryOf, hex } from "./testing/test-world.js";
import { compileModule, instantiateModule } from "./webassembly.js";
import type { WasmGlobal, WasmMemory } from "./webassembly.js";

const GUEST = `(module
  (memory (export "memory") 2)
  (global (export "fuel") (mut i64) (i64.const 0))
  (global (export "depth") (mut i32) (i32.const 0))
  (global (export "charge") (mut i32) (i32.const 0))
  (func (export "alloc") (param i32) (result i32)
    (global.set 0 (i64.sub (global.get 0) (i64.const 10)))
    (i32.sub (i32.const 0) (local.get 0)))
  (func (export "receive") (param i32) (result i32)
    (global.set 0 (i64.sub (global.get 0) (i64.const 1)))
    (local.get 0))
  (func (export "step") (param i32) (result i32)
    (global.set 0 (i64.sub (global.get 0) (i64.const 2)))
    (i32.add (local.get 0) (global.get 1))))`;

interface Guest {
  readonly memory: WasmMemory;
  readonly fuel: WasmGlobal<bigint>;
  readonly depth: WasmGlobal<number>;
  readonly charge: WasmGlobal<number>;
  readonly alloc: (bytes: number) => number;
  readonly receive: (message: number) => number;
  readonly step: (context: number) => number;
}

function guest(): Guest {
  const { exports } = instantiateModule(compileModule(binaryOf(GUEST)), {});
  return exports as unknown as Guest; // as the text above says
}

test("the bytes of gate and hub are those of their texts", () => {
  assert.equal(hex(GATE_BYTES), hex(binaryOf(GATE_TEXT)));
  assert.equal(hex(HUB_BYTES), hex(binaryOf(HUB_TEXT)));
});

test("a gate sets fuel and depth, and tells pointers, debts and refusals apart", () => {
  const hub = new GateHub();
  const owner = guest();
  const gate = hub.open(owner);
  assert.equal(hub.alloc(gate.place, Number.MAX_SAFE_INTEGER, 77, 8), 2 ** 32 - 8, "pointers are unsigned");
  assert.deepEqual([owner.fuel.value, owner.depth.value], [2n ** 53n - 11n, 77]);
  assert.equal(hub.alloc(gate.place, 9, 77, 8), -1 - (2 ** 32 - 8), "fuel is owed");
  assert.equal(hub.alloc(gate.place, 10, 77, 0), 0, "no room, no debt");
  owner.fuel.value = 5n;
  assert.equal(hub.receive(gate.place, 3, 99), 4);
  assert.deepEqual([owner.depth.value, gate.result()], [99, 3]);
  assert.equal(hub.receive(gate.place, 3, 99), 3);
  owner.fuel.value = 0n;
  assert.equal(hub.receive(gate.place, 3, 99), -1, "debt is handed on");
  assert.equal(hub.receive(gate.place, -8, 99), -Infinity);
  assert.equal(gate.result(), -8);
  owner.fuel.value = 5n;
  assert.deepEqual([hub.step(gate.place, 3, 50), gate.result()], [3, 53]);
  hub.charge(gate.place, 2 ** 31 + 5);
  assert.equal(owner.charge.value >>> 0, 2 ** 31 + 5);
});

test("the hub keeps many gates apart and uses places again", () => {
  const hub = new GateHub();
  const guests = Array.from({ length: 70 }, guest);
  const gates = guests.map((owner) => hub.open(owner));
  assert.equal(new Set(gates.map(({ place }) => place)).size, 70);
  for (const [index, gate] of gates.entries()) hub.charge(gate.place, index);
  assert.deepEqual(
    guests.map(({ charge }) => charge.value),
    guests.map((_, index) => index),
  );
  const [closed] = gates;
  assert.ok(closed !== undefined);
  hub.close(closed);
  assert.throws(() => {
    hub.charge(closed.place, 1);
  }, /null|uninitialized|signature/i);
  assert.equal(hub.open(guest()).place, closed.place);
});

test("zeros are counted in steps of 64 from anywhere to the end of memory", () => {
  const hub = new GateHub();
  const owner = guest();
  const gate = hub.open(owner);
  const bytes = new Uint8Array(owner.memory.buffer);
  assert.equal(gate.zeros(0, bytes.length), bytes.length);
  bytes[bytes.length - 1] = 1;
  assert.equal(gate.zeros(0, bytes.length), bytes.length - 64);
  for (const at of [0, 1, 63, 64, 4095, 4096, 70_000]) {
    bytes.fill(0);
    bytes[at] = 0x80;
    assert.equal(gate.zeros(0, bytes.length), at - (at % 64));
  }
});

/** Mutation checks of depth: the exact price of frames, who pays it, and where it ends. */

import assert from "node:assert/strict";
import { InstrumentedStatus } from "@wasm-engine/abi";
import { assemble } from "./assemble.js";
import { MeteredGuest } from "./metered-guest.js";
import type { MutationCheck } from "./mutation-check.js";

/** `run` counts its entries in memory and recurses without end. Words and bytes of the frame are counted by hand. */
interface Recursion {
  readonly name: string;
  readonly text: string;
  readonly frame: number;
}

const count = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))";
/** Bytes of `count`: three constants, load and store with their offsets, addition. */
const countBytes = 2 + 2 + 3 + 2 + 1 + 3;
/** Operands of `count`, in words. */
const countWords = 3;

const recursions: readonly Recursion[] = [
  {
    name: "plain",
    text: `(func $f (export "run") (param i32) ${count} (call $f (local.get 0)))`,
    frame: 128 + 17 * (1 + countWords) + (1 + countBytes + 2 + 2 + 1),
  },
  {
    name: "locals",
    text: `(func $f (export "run") (param i32) (local v128 i64) ${count} (call $f (local.get 0)))`,
    frame: 128 + 17 * (1 + 3 + countWords) + (5 + countBytes + 2 + 2 + 1),
  },
  {
    name: "operands",
    text: `(func $f (export "run") (param i32) ${count}
      (call $f (i32.add (local.get 0) (i32.add (local.get 0) (i32.add (local.get 0)
        (i32.add (local.get 0) (i32.add (local.get 0) (local.get 0))))))))`,
    frame: 128 + 17 * (1 + 6) + (1 + countBytes + 17 + 2 + 1),
  },
  {
    name: "indirect",
    text: `(type $t (func (param i32))) (table funcref (elem $f))
      (func $f (export "run") (type $t) ${count} (call_indirect (type $t) (local.get 0) (i32.const 0)))`,
    frame: 128 + 17 * (1 + countWords) + (1 + countBytes + 4 + 3 + 1),
  },
];

/** Entries of `run` before depth ends. */
function entries(guest: MeteredGuest, depth: number): number {
  const view = new DataView(guest.memory.buffer);
  view.setUint32(0, 0, true);
  // What does not end by depth ends by fuel, long before the native stack does.
  const { status } = guest.call("run", [1], { depth, fuel: 100_000n });
  assert.equal(status, InstrumentedStatus.OUT_OF_DEPTH, "ends by depth");
  return view.getUint32(0, true);
}

const prices: MutationCheck = {
  name: "exact prices of frames",
  run(instrument) {
    for (const { name, text, frame } of recursions) {
      const guest = new MeteredGuest(
        instrument(assemble(`(module (memory (export "memory") 1) ${text})`)).bytes,
      );
      assert.equal(entries(guest, frame - 1), 0, name);
      assert.equal(entries(guest, frame), 1, name);
      assert.equal(entries(guest, 2 * frame - 1), 1, name);
      assert.equal(entries(guest, 9 * frame), 9, name);
    }
  },
};

const siblings = assemble(`(module (memory (export "memory") 1)
  (func $leaf (result i32) (i32.const 1))
  (func $down (param i32) (result i32)
    (if (result i32) (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (call $leaf))))
  (func (export "run") (result i32) (local i32 i32)
    (loop (local.set 1 (i32.add (local.get 1) (call $down (i32.const 10))))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100))))
    (local.get 1)))`);

const restored: MutationCheck = {
  name: "depth comes back behind a call",
  run(instrument) {
    const guest = new MeteredGuest(instrument(siblings).bytes);
    assert.equal(guest.call("run", [], { depth: 5000 }).value, 100);
    assert.equal(guest.call("run", [], { depth: 1000 }).status, InstrumentedStatus.OUT_OF_DEPTH);
  },
};

/** Inner functions, whose declared locals move behind the parameters for fuel and depth. */
const inner = assemble(`(module
  (func $leaf)
  (func $first (param i32) (result i32) (local i32 i64)
    (call $leaf) (i32.add (local.get 0) (i32.add (local.get 1) (i32.wrap_i64 (local.get 2)))))
  (func $none (param i32) (result i32) (call $leaf) (local.get 0))
  (func $wide (param i32) (result i32) (local i64 i32)
    (call $leaf) (i32.add (local.get 0) (i32.add (local.get 2) (i32.wrap_i64 (local.get 1)))))
  (func (export "run") (result i32)
    (i32.add (call $first (i32.const 1)) (i32.add (call $none (i32.const 20)) (call $wide (i32.const 300))))))`);

const zeroes: MutationCheck = {
  name: "locals of inner functions begin with zero",
  run(instrument) {
    assert.equal(new MeteredGuest(instrument(inner).bytes).call("run", []).value, 321);
  },
};

/** Recursion that nobody outside can reach, behind an exported function. */
const innerRecursion = assemble(`(module (memory (export "memory") 1)
  (func $down (param i32) (local i32) ${count} (call $down (local.get 1)))
  (func (export "run") (param i32) (call $down (local.get 0))))`);

const innerPrices: MutationCheck = {
  name: "exact prices of inner frames",
  run(instrument) {
    const guest = new MeteredGuest(instrument(innerRecursion).bytes);
    const outer = 128 + 17 * (1 + 1) + (1 + 2 + 2 + 1);
    const frame = 128 + 17 * (2 + countWords) + (3 + countBytes + 2 + 2 + 1);
    assert.equal(entries(guest, outer + frame - 1), 0);
    // Slices of one unit: each entry runs dry, and is entered again with what it had.
    const dry = new MeteredGuest(instrument(innerRecursion).bytes, { slice: () => 1n });
    const view = new DataView(dry.memory.buffer);
    const { status } = dry.call("run", [1], { depth: outer + 9 * frame + frame - 1, fuel: 0n });
    assert.equal(status, InstrumentedStatus.OUT_OF_DEPTH);
    assert.equal(view.getUint32(0, true), 9);
    assert.equal(entries(guest, outer + frame), 1);
    assert.equal(entries(guest, outer + 9 * frame - 1), 8);
    assert.equal(entries(guest, outer + 9 * frame), 9);
  },
};

export const DEPTH_CHECKS: readonly MutationCheck[] = [prices, restored, zeroes, innerPrices];

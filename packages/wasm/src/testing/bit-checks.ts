/** Mutation checks of bits: NaN of every producer, moves, and what state functions carry. */

import assert from "node:assert/strict";
import { Instrumented } from "@wasm-engine/abi";
import { instrument as unchanged } from "../instrument.js";
import { assemble } from "./assemble.js";
import { MeteredGuest } from "./metered-guest.js";
import type { MutationCheck } from "./mutation-check.js";
import { probeNans } from "./nan-probe.js";
import type { NanReport } from "./nan-probe.js";

let reference: NanReport | undefined;

const nans: MutationCheck = {
  name: "NaN probes",
  run(instrument) {
    const settings = { canonicalizeNan: true, rounds: 1, stride: 3, loopCount: 100 };
    reference ??= probeNans({ ...settings, instrument: unchanged });
    const { foreignNames, damaged, digest, loop } = probeNans({ ...settings, instrument });
    assert.deepEqual(foreignNames, []);
    assert.deepEqual(damaged, []);
    assert.equal(digest, reference.digest);
    assert.equal(loop, reference.loop);
  },
};

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

/** Vector, 8-byte values, 4-byte values, each in index order: this order is stored in snapshots. */
const stateBits = [
  "0100a07f0200c0ff03000000ffffffff",
  "010000000000f07ffeffffffffffffff",
  "2143a5ff4d0000000000000000000000",
].join("");

const state: MutationCheck = {
  name: "mutable globals move bit by bit",
  run(instrument) {
    const { bytes, stateBytes } = instrument(globals);
    assert.equal(stateBytes, 48);
    const source = new MeteredGuest(bytes);
    source.call("write");
    const written = dump(source);
    source.call(Instrumented.stateSave, [1024]);
    const saved = source.memory.slice(1024, 1024 + 48);
    assert.equal(Buffer.from(saved).toString("hex"), stateBits);
    const target = new MeteredGuest(bytes);
    target.memory.set(saved, 2048);
    target.call(Instrumented.stateLoad, [2048]);
    assert.equal(dump(target), written);
  },
};

export const BIT_CHECKS: readonly MutationCheck[] = [state, nans];

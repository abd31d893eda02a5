/** Depth: recursion ends with a coded fault at the same entry in every tier, and never by the native stack. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { before, test } from "node:test";
import { InstrumentedStatus, limits } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { assemble } from "./testing/assemble.js";
import type { DepthReport } from "./testing/depth-probe.js";
import { MeteredGuest } from "./testing/metered-guest.js";

const tiers = ["default", "--liftoff-only", "--no-liftoff"] as const;
const child = join(import.meta.dirname, "testing", "depth-probe-main.js");
const reports = new Map<string, DepthReport[]>();

before(() => {
  for (const tier of tiers) {
    const flags = tier === "default" ? [] : [tier];
    const output = execFileSync(process.execPath, [...flags, child], { encoding: "utf8" });
    reports.set(tier, JSON.parse(output) as DepthReport[]); // written by the child
  }
});

for (const tier of tiers) {
  test(`[G6] hostile recursion ends with OUT_OF_DEPTH, not by the native stack: ${tier}`, (context) => {
    const found = reports.get(tier) ?? [];
    context.diagnostic(found.map(({ name, entries }) => `${name} ${entries}`).join("; "));
    assert.ok(found.length >= 10);
    for (const { name, status, trap } of found) {
      assert.equal(status, InstrumentedStatus.OUT_OF_DEPTH, name);
      assert.match(trap ?? "", /unreachable/, name);
    }
  });
}

test("[G2] the depth at which recursion ends is the same in every tier", () => {
  const [first, ...others] = tiers.map((tier) => reports.get(tier));
  for (const other of others) assert.deepEqual(other, first);
});

test("[G7] a frame costs 128 + 17 per word + the bytes of the body", () => {
  // Words: 1 parameter, 2 for a vector local, 1 for i64, and 4 operands at the highest: v128, i64, i32.
  const bytes = assemble(`(module (func $f (export "run") (param i32) (result i32) (local v128 i64)
    (local.get 1) (local.get 2) (drop) (drop) (call $f (local.get 0))))`);
  // Locals: count, two groups of two bytes; code: 2 + 2 + 1 + 1 + 2 + 2 + 1.
  const frame = 128 + 17 * (1 + 3 + 3) + (5 + 11);
  const guest = new MeteredGuest(instrument(bytes).bytes);
  const fuelOfEntries = (depth: number): bigint => {
    const { status, fuelLeft } = guest.call("run", [0], { depth });
    assert.equal(status, InstrumentedStatus.OUT_OF_DEPTH);
    return fuelLeft;
  };
  const one = fuelOfEntries(frame);
  assert.equal(fuelOfEntries(frame - 1) > one, true, "one byte less: not even the first entry");
  assert.equal(fuelOfEntries(2 * frame - 1), one);
  assert.equal(fuelOfEntries(2 * frame) < one, true);
});

test("[G7] depth comes back behind a call: siblings do not add up", () => {
  const bytes = assemble(`(module
    (func $leaf (result i32) (i32.const 1))
    (func $down (param i32) (result i32)
      (if (result i32) (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (call $leaf))))
    (func (export "run") (result i32) (local i32 i32)
      (loop (local.set 1 (i32.add (local.get 1) (call $down (i32.const 10))))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))
      (local.get 1)))`);
  const guest = new MeteredGuest(instrument(bytes).bytes);
  assert.equal(guest.call("run", [], { depth: 5000 }).value, 1000);
  assert.equal(guest.call("run", [], { depth: 1000 }).status, InstrumentedStatus.OUT_OF_DEPTH);
});

test("the logical stack is at most a quarter of the native one", () => {
  assert.ok(limits.depthBytes * 4 <= 256 * 1024 * 1024);
});

/**
 * The comparison of compiler tiers can fail: a module that keeps NaN bits gives another chain in every tier when the
 * rewriting of NaNs is left out, and one chain when it is not.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ModuleDigest } from "@wasm-engine/abi";
import { instrument } from "@wasm-engine/wasm";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleModule, sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import type { ResolvedModule, ResolvedWorld } from "../world/contract.js";

const folder = freshFolder("canary");
const tiers = ["--liftoff-only", "--no-liftoff"] as const;

/** Adds the bits of NaNs whose payload the instruction set leaves open to a number in memory, at every cadence. */
const nanText = `(module
  (memory (export "memory") 1)
  (data (i32.const 16) "\\11\\01\\00\\00\\00\\00\\f8\\7f")
  (data (i32.const 32) "\\22\\02\\00\\00\\00\\00\\f8\\ff")
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (local $count i32) (local $value f64)
    (loop $again
      (local.set $value (f64.mul (f64.load (i32.const 32)) (f64.const nan:0x8000000000333)))
      (i64.store (i32.const 0)
        (i64.add (i64.rotl (i64.load (i32.const 0)) (i64.const 5)) (i64.reinterpret_f64 (local.get $value))))
      (local.set $value (f64.neg (f64.mul (f64.load (i32.const 32)) (f64.load (i32.const 16)))))
      (i64.store (i32.const 0) (i64.xor (i64.load (i32.const 0)) (i64.reinterpret_f64 (local.get $value))))
      (br_if $again (i32.lt_u (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 1000))))
    (i32.const 0)))`;

/** The world with every module replaced by the NaN collector, instrumented as a product never would. */
async function nanWorld(directory: string, canonicalizeNan: boolean): Promise<ResolvedWorld> {
  const [digest, module] = await sampleModule("nan", nanText);
  const { bytes: instrumented } = instrument(module.bytes, { canonicalizeNan });
  const sample = await sampleWorld({ directory, records: 0, stop: { when: "tick", tick: 20 } });
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, module: digest, every: 1 }));
  return {
    ...sample,
    inputs: [],
    modules: new Map<ModuleDigest, ResolvedModule>([[digest, { ...module, instrumented }]]),
    genesis: { ...sample.genesis, modules: { nan: digest }, agents },
  };
}

let runs = 0;

async function run(tier: string, canonicalizeNan: boolean): Promise<RunResult> {
  runs += 1;
  const directory = join(folder, `${runs}`);
  await using world = await Engine.open(await nanWorld(directory, canonicalizeNan), { v8Flags: [tier] });
  const result = await world.run();
  assert.ok(result.v8Flags.includes(tier), "the executing process reports its tier");
  assert.equal(result.faults, 0);
  assert.ok(result.turnsExecuted > 100);
  return result;
}

test("[G2] with NaN bits rewritten the chains of two tiers are equal", async () => {
  const [baseline, optimised] = await Promise.all(tiers.map((tier) => run(tier, true)));
  assert.equal(baseline?.chainHead, optimised?.chainHead);
  assert.equal(baseline?.stateHash, optimised?.stateHash);
});

/** From V8 14.6 (Node 26) on, both compilers happen to make the same NaNs here; older versions make others. */
const [v8Major = 0, v8Minor = 0] = process.versions.v8.split(".").map(Number);
const tiersAgree = v8Major > 14 || (v8Major === 14 && v8Minor >= 6);

test("[G2] canary: without rewriting the chain is another one in both tiers", async () => {
  const [rewritten, ...raw] = await Promise.all([
    run(tiers[0], true),
    ...tiers.map((tier) => run(tier, false)),
  ]);
  for (const { chainHead, fuel } of raw) {
    assert.notEqual(chainHead, rewritten.chainHead);
    assert.equal(fuel, rewritten.fuel, "nothing else differs");
  }
});

test("[G2] canary: before V8 14.6 the chains of raw tiers differ, and replay says where", async () => {
  const [baseline, optimised] = await Promise.all(tiers.map((tier) => run(tier, false)));
  assert.ok(baseline !== undefined && optimised !== undefined);
  assert.equal(baseline.chainHead === optimised.chainHead, tiersAgree);
  if (tiersAgree) return;
  assert.notEqual(baseline.chainHead, optimised.chainHead);
  assert.equal(baseline.fuel, optimised.fuel, "nothing else differs");
  const replayed = await replayRun(baseline.dir, { v8Flags: ["--no-liftoff"] });
  assert.equal(replayed.verified, false);
  assert.equal(replayed.firstDivergence?.what, "state");
  assert.equal((await replayRun(baseline.dir, { v8Flags: ["--liftoff-only"] })).verified, true);
});

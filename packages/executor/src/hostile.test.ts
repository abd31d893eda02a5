import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultCode } from "@wasm-engine/abi";
import type { FaultDetail } from "./executor-contract.js";
import { DATA_AT, Op, scriptMessage } from "./testing/script-guest.js";
import { HOSTILE_MODULES, HOSTILE_ROOMS, HOSTILE_SCRIPTS } from "./testing/hostile-corpus.js";
import { SCRIPT_GUEST, TEST_LIMITS, TestWorld, guest } from "./testing/test-world.js";

/** What a rollback must bring back: some of everything. */
const PAST = [
  [Op.COUNT, 5],
  [Op.FLOATS, 1, 0x7ff80000, 0x7fc00001],
  [Op.RANDOM, DATA_AT, 1, DATA_AT + 32],
  [Op.STORE, DATA_AT, 42],
] as const;

for (const hostile of HOSTILE_SCRIPTS) {
  test(`[G6] contained: ${hostile.name}`, () => {
    const details: FaultDetail[] = [];
    const world = new TestWorld({ onFaultDetail: (detail) => details.push(detail) });
    const agent = world.start("hostile");
    const stranger = world.start("stranger");
    world.run(agent, PAST);
    world.run(stranger, PAST);
    const [before, strangerBefore] = [world.digest(agent), world.digest(stranger)];
    const outcome = world.run(agent, hostile.script);
    assert.equal(outcome.fault?.code, hostile.fault, JSON.stringify([outcome.fault, details]));
    if (hostile.fault === undefined) {
      assert.equal(outcome.completed, 1);
      const expected = [0, ...(hostile.results ?? [])];
      assert.deepEqual(world.results(agent, expected.length), expected, "the first is of the past");
    } else {
      assert.deepEqual(outcome.fault, {
        invocation: 0,
        code: hostile.fault,
        guestCode: hostile.guestCode ?? 0,
      });
      assert.equal(outcome.effects.length, 0);
      assert.equal(outcome.fuel, TEST_LIMITS.fuelPerSlice, "every slice begun, in full");
      assert.equal(world.digest(agent), before, "the state is as before the invocation");
      assert.ok(details[0]?.detail.includes(hostile.detail ?? ""), details[0]?.detail);
      assert.equal(details.length, 1);
    }
    assert.equal(world.digest(stranger), strangerBefore, "nobody else noticed");
  });
}

for (const hostile of HOSTILE_ROOMS) {
  test(`[G6] contained: ${hostile.name}`, () => {
    const world = new TestWorld();
    const agent = world.start("hostile");
    assert.equal(world.run(agent, hostile.script).fault, undefined);
    const before = world.digest(agent);
    const outcome = world.run(agent, [[Op.COUNT, 1]]);
    assert.deepEqual(outcome.fault, { invocation: 0, code: FaultCode.GUEST_ERROR, guestCode: 0 });
    assert.equal(world.digest(agent), before);
  });
}

for (const hostile of HOSTILE_MODULES) {
  test(`[G6] contained: ${hostile.name}`, () => {
    const module = guest(hostile.text);
    const world = new TestWorld({ guests: [module] });
    const stranger = world.start("stranger");
    const agent = world.create("hostile", module);
    const [fresh, strangerBefore] = [world.digest(agent), world.digest(stranger)];
    const initialised = world.turn(agent, [{ entry: "init" }]);
    const last =
      hostile.entry === "init"
        ? initialised
        : world.turn(agent, [{ entry: "receive", message: scriptMessage([]) }]);
    assert.equal(last.fault?.code, hostile.fault);
    assert.equal(last.fuel, TEST_LIMITS.fuelPerSlice);
    if (hostile.entry === "init") assert.equal(world.digest(agent), fresh);
    assert.equal(world.digest(stranger), strangerBefore);
  });
}

test("[G6] a fault keeps earlier invocations of the turn and their effects, and ends it", () => {
  const world = new TestWorld();
  const [agent, model] = [world.start("agent"), world.start("model")];
  const outcome = world.run(
    agent,
    [
      [Op.COUNT, 3],
      [Op.LOG, 1, DATA_AT, 4],
    ],
    [[Op.COUNT, 100], [Op.LOG, 1, DATA_AT, 8], [Op.TRAP]],
    [[Op.COUNT, 1000]],
  );
  const expected = world.run(model, [
    [Op.COUNT, 3],
    [Op.LOG, 1, DATA_AT, 4],
  ]);
  assert.deepEqual(outcome.fault, { invocation: 1, code: FaultCode.TRAP, guestCode: 0 });
  assert.equal(outcome.completed, 1);
  assert.deepEqual(outcome.effects, expected.effects);
  assert.deepEqual(outcome.ledger, expected.ledger);
  assert.equal(world.digest(agent), world.digest(model));
});

test("[G7] host functions cannot be reached from the outside of an invocation", () => {
  const describing = guest(
    `(module (import "wasm_engine" "tick" (func $tick (result i64)))
      (memory (export "memory") 1)
      (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
      (func (export "agent_init") (result i32) (i32.const 0))
      (func (export "agent_step") (param i32) (result i32) (i32.const 0))
      (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
      (func (export "agent_shutdown") (result i32) (i32.const 0))
      (func (export "agent_describe") (result i32) (drop (call $tick)) (i32.const 1024)))`,
  );
  const world = new TestWorld({ guests: [describing] });
  const agent = world.start("agent", describing);
  assert.equal(world.executor.describe(agent), undefined);
  assert.equal(world.executor.describe(world.start("other", SCRIPT_GUEST)), undefined);
});

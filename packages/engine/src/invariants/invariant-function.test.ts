/** Invariants that are functions of modules: called on copies, found broken where an expression would be. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkInvariants } from "../client/check-run.js";
import { Engine } from "../client/engine.js";
import { loadConfig } from "../config/load-config.js";
import type { RunResult } from "../world/control.js";
import { counterText } from "../testing/counter-guest.js";
import { assemble, projectFolder } from "../testing/project.js";

/** `few` says what `state.count < 5` says; it also changes memory, which nobody may see. `sound` traps from 8 on. */
const functions = `
  (func (export "few") (result i32)
    (i32.store (i32.const 0) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))
    (i32.lt_s (i32.load (i32.const 0)) (i32.const 4)))
  (func (export "sound") (if (i32.ge_s (i32.load (i32.const 0)) (i32.const 8)) (then (unreachable))))`;

const config = (invariants: string): string => `version: 1
name: counted
modules: { counter: ./counter.wasm, other: ./other.wasm }
agents: [{ id: c, module: counter, every: 1 }, { id: o, module: other, every: 1 }]
stop: { when: tick, tick: 20 }
trust: { allowUnsigned: true }
invariants: [${invariants}]
`;

test("a function of a module is an invariant, on copies and in the same tick as an expression", async (context) => {
  const directory = projectFolder(context, {
    "counter.wasm": await assemble(counterText(1, functions)),
    "other.wasm": await assemble(counterText()),
    "engine.yaml": config(""),
  });
  const run = async (invariants: string): Promise<RunResult> => {
    writeFileSync(join(directory, "engine.yaml"), config(invariants));
    const { world: resolved } = await loadConfig(directory);
    await using world = await Engine.open(resolved, { isolation: "inline" });
    return await world.run();
  };
  const expected = await run("{ name: few, agent: c, expression: state.count < 5 }");
  assert.equal(expected.reason, "invariant");
  const few = await run("{ name: few, function: few }");
  assert.equal(few.reason, "invariant");
  assert.equal(few.violation?.tick, expected.violation?.tick);
  assert.equal(few.violation?.agent, "c");
  assert.deepEqual(few.violation.values, [{ path: 'holds("few")', value: false }]);
  assert.equal(few.chainHead, expected.chainHead, "what it does to a copy is in no chain");
  const again = await checkInvariants(few.dir, { isolation: "inline" });
  assert.deepEqual(again.violation, few.violation);
  assert.ok((again.invariants[0]?.checked ?? 0) > (again.invariants[0]?.decided ?? 0), "other has none");
  const sound = await run("{ name: sound, function: sound, agent: c }");
  assert.equal(sound.violation?.tick, (expected.violation?.tick ?? 0) + 3, "a trap is no");
});

test("an invariant has an expression or a function, and one that some module exports", async (context) => {
  const directory = projectFolder(context, {
    "counter.wasm": await assemble(counterText(1, functions)),
    "other.wasm": await assemble(counterText()),
    "engine.yaml": config("{ name: many, function: many }"),
  });
  const load = (invariants: string): Promise<unknown> => {
    writeFileSync(join(directory, "engine.yaml"), config(invariants));
    return loadConfig(directory);
  };
  await assert.rejects(load("{ name: many, function: many }"), {
    code: "WE_INVARIANT_FUNCTION",
    exitCode: 2,
  });
  const value = { code: "WE_CONFIG_VALUE" };
  await assert.rejects(load("{ name: both, function: few, expression: tick < 3 }"), value);
  await assert.rejects(load("{ name: neither }"), value);
});

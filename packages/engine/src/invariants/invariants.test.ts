/** Invariants in a run, in its replay and in the search for the tick that breaks them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { bisectInvariant, checkInvariants } from "../client/check-run.js";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { inspectRun, logsOfRun, replayRun } from "../client/replay-run.js";
import { loadConfig, loadInvariants } from "../config/load-config.js";
import { counterText } from "../testing/counter-guest.js";
import { assemble, projectFolder } from "../testing/project.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import type { InvariantSetup } from "./contract.js";

const folder = freshFolder("invariants");
const inline = { isolation: "inline" } as const;
/** Agent a1 steps every second tick and gets messages, so its count grows in a way that the test reads from the run. */
let plain: RunResult;
let count = 0;

async function counted(invariants?: readonly InvariantSetup[]): Promise<RunResult> {
  count += 1;
  const directory = join(folder, `world-${count}`);
  const world = await sampleWorld({
    directory,
    text: counterText(),
    snapshotEvery: 16,
    agents: 3,
    records: 60,
  });
  await using opened = await Engine.open({ ...world, ...(invariants && { invariants }) }, inline);
  return await opened.run();
}

/** The count of an agent as sealed at a tick, asked for by other means. */
async function countAt(dir: string, agent: string, tick: number): Promise<number> {
  const report = await inspectRun(dir, { at: tick, agent, ...inline });
  return (report.agents[0]?.describe as { readonly count: number }).count; // the guest describes nothing else
}

before(async () => {
  plain = await counted();
});

test("a run whose invariants hold has the chain of one that has none, and ends as it would", async () => {
  const checked = await counted([
    { name: "few", expression: "state.count < 900" },
    { name: "sum", expression: "sum(agents, state.count) >= 0", every: 7 },
  ]);
  assert.deepEqual([checked.chainHead, checked.reason], [plain.chainHead, plain.reason]);
  const report = await checkInvariants(checked.dir, inline);
  assert.deepEqual([report.holds, report.violation], [true, null]);
  const [few, sum] = report.invariants;
  assert.ok(few !== undefined && sum !== undefined);
  assert.equal(few.checked, few.decided);
  assert.ok(few.checked > sum.checked && sum.checked >= 70 / 7);
});

test("the first violating tick ends a run, and its replay, and names agent and values", async () => {
  const invariants = [{ name: "small", agent: "a*", expression: "state.count <= 12 or tick < 3" }];
  const stopped = await counted(invariants);
  assert.equal(stopped.reason, "invariant");
  const { violation } = stopped;
  assert.ok(violation?.agent != null);
  const { tick, agent } = violation;
  assert.equal(stopped.ticks, tick + 1);
  assert.deepEqual(violation.values, [
    { path: "state.count", value: await countAt(plain.dir, agent, tick) },
    { path: "tick", value: tick },
  ]);
  assert.ok((await countAt(plain.dir, agent, tick)) > 12);
  for (const other of ["a1", "a2", "a3"]) assert.ok((await countAt(plain.dir, other, tick - 1)) <= 12);
  const replayed = await checkInvariants(stopped.dir, inline);
  assert.deepEqual([replayed.holds, replayed.violation], [false, violation]);
  const elsewhere = await checkInvariants(plain.dir, { invariants, ...inline });
  assert.deepEqual([elsewhere.violation, elsewhere.to], [violation, tick]);
  const later = await checkInvariants(plain.dir, { invariants, from: tick + 2, ...inline });
  assert.ok((later.violation?.tick ?? 0) >= tick + 2);
});

test("a run that an invariant has ended goes on when it is resumed, and is checked again", async () => {
  const stopped = await counted([{ name: "small", expression: "agent('a1').state.count < 9", every: 5 }]);
  assert.equal(stopped.reason, "invariant");
  assert.equal(stopped.violation?.agent, null);
  await using world = await Engine.open(stopped.dir, { resume: true, ...inline });
  const again = await world.run();
  assert.equal(again.reason, "invariant");
  assert.ok((again.violation?.tick ?? 0) > (stopped.violation?.tick ?? Infinity));
  await world.close();
  const { violation } = await checkInvariants(stopped.dir, inline);
  assert.deepEqual(violation, stopped.violation);
});

test("forks keep the invariants of their parent", async () => {
  const stopped = await counted([{ name: "small", expression: "agent('a1').state.count < 9" }]);
  const { dir } = await forkRun(stopped.dir, { at: 4, ...inline });
  await using world = await Engine.open(dir, { resume: true, ...inline });
  assert.deepEqual((await world.run()).violation, stopped.violation);
});

test("bisect finds the tick that a full check finds, from snapshots, with fewer ticks executed", async () => {
  for (const limit of [5, 17, 40]) {
    const test = `sum(agents("a*"), state.count) <= ${limit}`;
    const { violation, ticksExecuted } = await checkInvariants(plain.dir, { tests: [test], ...inline });
    const found = await bisectInvariant(plain.dir, { test, ...inline });
    assert.deepEqual(found.violation, violation);
    assert.equal(found.firstBad, violation?.tick);
    assert.ok(found.lastGood < found.firstBad);
    const stretch = found.steps.at(-1);
    assert.ok(stretch !== undefined && stretch.ticksExecuted <= 17, "only what lies between two snapshots");
    assert.ok(ticksExecuted >= found.firstBad);
  }
  const test = "state.count <= 10";
  const [whole, part] = await Promise.all([
    bisectInvariant(plain.dir, { test, ...inline }),
    bisectInvariant(plain.dir, { test, good: 3, bad: 60, ...inline }),
  ]);
  assert.equal(part.firstBad, whole.firstBad);
});

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (EngineError.is(error)) return error.code;
    throw error;
  }
  return "";
}

test("[G10] a search without ends, names that nobody has and checks of nothing are refused", async () => {
  const bisect = (options: Parameters<typeof bisectInvariant>[1]) => () =>
    bisectInvariant(plain.dir, { ...inline, ...options });
  assert.equal(await codeOf(bisect({ test: "state.count < 900" })), "WE_BISECT_ENDS");
  assert.equal(await codeOf(bisect({ test: "state.count < 0" })), "WE_BISECT_ENDS");
  assert.equal(await codeOf(bisect({ test: "tick < 5", good: 9, bad: 9 })), "WE_BISECT_ENDS");
  assert.equal(await codeOf(bisect({ test: "tick <" })), "WE_EXPRESSION_SYNTAX");
  assert.equal(await codeOf(bisect({ invariant: "gone" })), "WE_INVARIANT_UNKNOWN");
  assert.equal(await codeOf(() => checkInvariants(plain.dir, inline)), "WE_INVARIANT_NONE");
  assert.equal(
    await codeOf(() => checkInvariants(plain.dir, { names: ["x"], ...inline })),
    "WE_INVARIANT_UNKNOWN",
  );
});

test("[G10] engine.yaml takes invariants, and says what is wrong with them at their place", async (context) => {
  const config = (invariants: string): string => `version: 1
name: counted
modules: { counter: ./counter.wasm }
agents: [{ id: c, module: counter, every: 1 }]
stop: { when: tick, tick: 9 }
trust: { allowUnsigned: true }
invariants:
${invariants}
`;
  const directory = projectFolder(context, {
    "counter.wasm": await assemble(counterText()),
    "engine.yaml": config("  - { name: low, agent: c, expression: state.count < 6 }"),
    "bad.yaml": config(`  - { name: low, expression: "state.count <" }
  - { name: low, agent: "?", expression: stat.count < 6 }
  - { name: far, agent: c, expression: "sum(agents, fuel) > 0" }`),
  });
  const { world } = await loadConfig(join(directory, "engine.yaml"));
  assert.deepEqual(world.invariants, [{ name: "low", agent: "c", expression: "state.count < 6" }]);
  assert.deepEqual(loadInvariants(directory), world.invariants);
  await using opened = await Engine.open(directory, inline);
  const { violation, dir } = await opened.run();
  assert.deepEqual([violation?.tick, violation?.agent], [6, "c"]);
  assert.match(readFileSync(join(dir, "run.json"), "utf8"), /state\.count < 6/);
  try {
    loadInvariants(join(directory, "bad.yaml"));
    assert.fail("it has mistakes");
  } catch (error) {
    assert.ok(EngineError.is(error) && error.code === "WE_CONFIG_VALUE");
    const problems = error.details["problems"] as readonly { readonly message: string }[];
    const places = problems.map(({ message }) =>
      /invariants\[(\d)\]\.(\w+)/.exec(message)?.slice(1).join("."),
    );
    assert.deepEqual(places.sort(), ["0.expression", "1.agent", "1.expression", "1.name", "2.expression"]);
  }
});

test("a range of ticks that ends before it begins is refused, not found to hold", async () => {
  const empty = { from: 5, to: 2, tests: ["false"], ...inline };
  await assert.rejects(checkInvariants(plain.dir, empty), { code: "WE_RUN_RANGE" });
  await assert.rejects(logsOfRun(plain.dir, { from: 5, to: 2, ...inline }), { code: "WE_RUN_RANGE" });
  await assert.rejects(replayRun(plain.dir, { from: 5, to: 2, ...inline }), { code: "WE_RUN_RANGE" });
});

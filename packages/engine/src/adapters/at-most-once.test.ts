/** What becomes of calls when processes and threads end within them: never twice, never silently. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { inLanes } from "../testing/run-folders.js";
import { outcomesOf, toolProject } from "../testing/tool-project.js";
import type { ToolOutcome } from "../testing/tool-project.js";
import type { RunResult } from "../world/control.js";

/** Every call leaves a line before it does anything. */
const tracing = `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
const trace = new URL("./traces.txt", import.meta.url);
const once = new URL("./died.txt", import.meta.url);
function call(input, { requestId }) {
  appendFileSync(trace, requestId + " " + JSON.stringify(input) + "\\n");
  if (input.dies === "always" || (input.dies === "once" && !existsSync(once))) {
    writeFileSync(once, "");
    process.exit(3);
  }
  if (input.blocks) for (;;);
  return new Promise((resolve) => setTimeout(() => resolve({ n: input.n }), input.delayMs ?? 2));
}
export const charge = { run: call };
export const look = { idempotent: true, run: call };
`;

function project(context: TestContext, plan: Parameters<typeof toolProject>[1]["agents"], more = {}): string {
  return toolProject(context, {
    files: { "tracing.mjs": tracing },
    tools: {
      charge: { path: "./tracing.mjs", export: "charge" },
      look: { path: "./tracing.mjs", export: "look" },
      stuck: { path: "./tracing.mjs", export: "look", timeoutMs: 200 },
    },
    agents: plan,
    ...more,
  });
}

async function finished(target: string, options: OpenOptions = {}): Promise<RunResult> {
  await using world = await Engine.open(target, options);
  return await world.run();
}

function tracesOf(directory: string): readonly string[] {
  const path = join(directory, "traces.txt");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}

function shown({ value, code }: ToolOutcome): unknown {
  return code ?? value;
}

const calls = [1, 2, 3, 4, 5].flatMap((n) => [
  { tool: "charge", input: { n } },
  { tool: "look", input: { n } },
]);

test("[G3] kill -9 anywhere: what cannot be repeated begins once, and nothing is lost silently", async (context) => {
  const undisturbed = project(context, { a: calls });
  const whole = await finished(undisturbed, { isolation: "inline" });
  const passages = Array.from({ length: 10 }, (_, index) => 3 + index * 10);
  let unknown = 0;
  await inLanes(passages, 2, async (passage) => {
    const directory = project(context, { a: calls }, passage % 2 === 0 ? { snapshotEvery: 3 } : {});
    const dir = join(directory, "run");
    const crash = { point: "any", passage } as const;
    const label = `passage ${passage}`;
    await assert.rejects(finished(directory, { dir, testing: { crash } }), { code: "WE_WORLD_DIED" }, label);
    // Whoever goes on reads the same folder; the next test goes on in a process.
    const result = await finished(dir, { resume: true, isolation: "inline" });
    const begun = tracesOf(directory);
    const outcomes = outcomesOf(directory);
    assert.equal(outcomes.length, 10, label);
    for (const [index, outcome] of outcomes.entries()) {
      const { tool, input } = calls[index] ?? assert.fail(label);
      if (outcome.code === undefined) assert.deepEqual(outcome.value, input, label);
      else
        assert.deepEqual(
          [tool, outcome.code, outcome.retryable],
          ["charge", "OUTCOME_UNKNOWN", false],
          label,
        );
    }
    const lost = outcomes.filter(({ code }) => code !== undefined).length;
    unknown += lost;
    assert.ok(lost <= 1, label);
    assert.ok(begun.length <= 11, `${label}: at most what may be repeated began twice`);
    if (lost === 0) assert.equal(result.chainHead, whole.chainHead, label);
    const { verified } = await replayRun(dir, { isolation: "inline" });
    assert.ok(verified, label);
    assert.deepEqual(tracesOf(directory), begun, `${label}: replay calls nothing`);
  });
  assert.ok(unknown > 0, "some of the kills hit a call");
});

test("[G3] a call that was begun is OUTCOME_UNKNOWN or is repeated with the same id", async (context) => {
  for (const [tool, passage] of [
    ["charge", "OUTCOME_UNKNOWN"],
    ["look", { n: 1 }],
  ] as const) {
    const directory = project(context, { a: [{ tool, input: { n: 1, delayMs: 50 } }] });
    const dir = join(directory, "run");
    const testing = { crash: { point: "after-ask", passage: 1 } } as const;
    await assert.rejects(finished(directory, { dir, testing }), { code: "WE_WORLD_DIED" });
    await finished(dir, { resume: true, isolation: "inline" });
    assert.deepEqual(outcomesOf(directory).map(shown), [passage]);
    assert.equal(new Set(tracesOf(directory)).size, tracesOf(directory).length > 0 ? 1 : 0);
  }
  const directory = project(context, { a: [{ tool: "charge", input: { n: 1 } }] });
  const dir = join(directory, "run");
  const testing = { crash: { point: "before-attempt", passage: 1 } } as const;
  await assert.rejects(finished(directory, { dir, testing }), { code: "WE_WORLD_DIED" });
  await finished(dir, { resume: true });
  assert.deepEqual([outcomesOf(directory).map(shown), tracesOf(directory).length], [[{ n: 1 }], 1]);
});

test("a tool that ends or blocks the thread of all tools costs its own calls, not the others", async (context) => {
  const directory = project(context, {
    a: [
      { tool: "charge", input: { n: 1, dies: "always" } },
      { tool: "look", input: { n: 2, dies: "always" } },
      { tool: "charge", input: { n: 3 } },
      { tool: "stuck", input: { n: 4, blocks: true } },
      { tool: "look", input: { n: 5 } },
    ],
  });
  const result = await finished(directory);
  assert.deepEqual(outcomesOf(directory).map(shown), [
    "OUTCOME_UNKNOWN",
    "FAILED",
    { n: 3 },
    "TIMEOUT",
    { n: 5 },
  ]);
  assert.equal(result.adapterThreadDeaths, 4);
  const records = readFileSync(join(result.dir, "side.jsonl"), "utf8");
  assert.match(records, /"adapter-thread".*ended with code 3/);
  assert.ok((await replayRun(result.dir, { isolation: "inline" })).verified);
});

test("a thread that ends once is started again, and calls that may be repeated are", async (context) => {
  const directory = project(context, { a: [{ tool: "look", input: { n: 1, dies: "once" } }] });
  const result = await finished(directory, { isolation: "inline" });
  assert.deepEqual(outcomesOf(directory).map(shown), [{ n: 1 }]);
  assert.equal(result.adapterThreadDeaths, 1);
  assert.equal(new Set(tracesOf(directory)).size, 1);
});

test("[G3] losing an executing thread begins no call again: the one under way is waited for", async (context) => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const agents = Object.fromEntries(names.map((name) => [name, calls.slice(0, 4)]));
  const whole = await finished(project(context, agents), { isolation: "inline" });
  const directory = project(context, agents);
  const result = await finished(directory, { workers: 2, testing: { threads: "kill:1@3" } });
  assert.equal(result.threadsLost, 1);
  assert.equal(result.chainHead, whole.chainHead);
  assert.equal(new Set(tracesOf(directory)).size, 24);
  assert.equal(tracesOf(directory).length, 24);
});

test("[G2] lockstep twins are equal whatever tools take, with one thread and with three", async (context) => {
  const heads = new Set<string>();
  for (const [workers, scale] of [
    [1, 0],
    [3, 7],
    [1, 13],
  ] as const) {
    const plan = [1, 2, 3].map((n) => ({ tool: n === 2 ? "charge" : "look", input: { n } }));
    const directory = project(
      context,
      { a1: plan, a2: plan, a3: plan, a4: plan },
      { files: { "tracing.mjs": tracing.replace("input.delayMs ?? 2", `Math.random() * ${scale}`) } },
    );
    const isolation = workers === 1 ? "inline" : "process";
    const result = await finished(directory, { workers, isolation });
    assert.equal(result.toolCalls, 12);
    heads.add(result.chainHead);
  }
  assert.equal(heads.size, 1);
});

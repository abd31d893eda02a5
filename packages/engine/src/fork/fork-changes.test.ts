/** Forks with something changed: that alone changes, answers are reused exactly, and nonsense is refused. */

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { EngineError, decodeUtf8 } from "@wasm-engine/abi";
import { diffRuns } from "../client/diff-runs.js";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import type { ForkOptions } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { bundleRun, openBundle } from "../client/run-place.js";
import { projectFolder } from "../testing/project.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { toolProject } from "../testing/tool-project.js";
import type { ToolProjectOptions } from "../testing/tool-project.js";
import type { RunResult } from "../world/control.js";
import type { ForkOverrides } from "./contract.js";
import { parseOverrides } from "./override-text.js";

const folder = freshFolder("fork-changes");
const inline = { isolation: "inline" } as const;
let parent: RunResult;
let forks = 0;

before(async () => {
  await using world = await Engine.open(await sampleWorld({ directory: join(folder, "parent") }), inline);
  parent = await world.run();
});

async function forked(run: string, options: ForkOptions): Promise<string> {
  forks += 1;
  return (await forkRun(run, { dir: join(folder, `fork-${forks}`), ...inline, ...options })).dir;
}

async function finished(dir: string): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, ...inline });
  return await world.run();
}

/** Agents that call a tool whose answers come after three ticks. */
function callers(agents: ToolProjectOptions["agents"]): ToolProjectOptions {
  const files = {
    "echo.mjs": `export const echo = { run: (input) => ({ echo: input }) };
export const loud = { run: (input) => ({ loud: input }) };
`,
  };
  const tools = { echo: { path: "./echo.mjs", export: "echo", latencyTicks: 3 } };
  return { files, tools, agents };
}

const calls = (from: number, count: number): ToolProjectOptions["agents"][string] =>
  Array.from({ length: count }, (_, index) => ({ tool: "echo", input: { n: from + index } }));

async function toolRun(directory: string): Promise<RunResult> {
  await using world = await Engine.open(directory, inline);
  return await world.run();
}

/** Last answers in the log of a run after a tick. */
function answersAfter(dir: string, at: number): readonly string[] {
  return loggedInputs(dir).flatMap(({ tick, body }) =>
    body.kind === "result" && tick > at ? [decodeUtf8(body.payload) ?? ""] : [],
  );
}

test("pending awaits of agents go on in a fork, and every recorded answer is used once", async (context) => {
  const directory = toolProject(context, callers({ a: calls(0, 4), b: calls(10, 6) }));
  const run = await toolRun(directory);
  assert.deepEqual(run.answers, { reused: 0, asked: 10 });
  for (const at of ["start", 0, 1, 4, 7, run.ticks - 1] as const) {
    const dir = await forked(run.dir, { at });
    const result = await finished(dir);
    assert.equal(result.chainHead, run.chainHead, `at ${at}`);
    const later = answersAfter(run.dir, at === "start" ? -1 : at).length;
    assert.deepEqual(result.answers, { reused: later, asked: 0 }, `at ${at}`);
    assert.equal((await replayRun(dir, inline)).chainHead, run.chainHead);
  }
});

test("a fork that is stopped between answers goes on with the others", async (context) => {
  const directory = toolProject(context, callers({ a: calls(0, 5) }));
  const run = await toolRun(directory);
  const dir = await forked(run.dir, { at: 1 });
  let reused = 0;
  for (const ticks of [5, 9]) {
    await using world = await Engine.open(dir, { resume: true, ...inline });
    const { answers } = await world.run({ ticks });
    reused += answers.reused;
    assert.equal(answers.asked, 0);
  }
  const result = await finished(dir);
  assert.equal(result.chainHead, run.chainHead);
  assert.equal(reused + result.answers.reused, 5);
});

test("only what changed is asked: another argument, another tool, another seed", async (context) => {
  const directory = toolProject(context, callers({ a: calls(0, 4), b: calls(10, 6) }));
  const run = await toolRun(directory);
  const args = [{ agent: "b", path: ["calls", "2", "input", "n"], value: 99 }];
  const other = await finished(await forked(run.dir, { at: "start", overrides: { args } }));
  assert.deepEqual(other.answers, { reused: 9, asked: 1 });
  const difference = await diffRuns(run.dir, other.dir, inline);
  assert.deepEqual([difference.what, difference.agent], ["genesis", "b"]);
  assert.deepEqual(difference.genesis, [{ path: "agents.b.args.calls.2.input.n", left: 12, right: 99 }]);

  const tools = { echo: { path: "./echo.mjs", export: "loud", latencyTicks: 3 } };
  const loud = await finished(await forked(run.dir, { at: 4, overrides: { tools } }));
  const given = answersAfter(loud.dir, 4);
  assert.deepEqual(loud.answers, { reused: 0, asked: given.length });
  assert.ok(given.every((text) => text.startsWith('{"loud"')));

  const reseeded = await finished(await forked(run.dir, { at: "start", overrides: { seed: 8 } }));
  assert.deepEqual(reseeded.answers, { reused: 0, asked: 10 });
  assert.notEqual(reseeded.chainHead, run.chainHead);
});

test("none ends what comes from outside, a file brings its own, a dropped input is missing", async (context) => {
  const none = await finished(await forked(parent.dir, { at: 10, inputs: "none" }));
  const early = loggedInputs(parent.dir).filter(({ tick }) => tick <= 10);
  assert.equal(none.inputs, early.length);
  const lines = [
    { to: "a1", topic: "record", n: 1 },
    { to: "a2", n: 2, tick: 30 },
    { topic: "record", n: 3 },
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const file = join(projectFolder(context, { "in.jsonl": text }), "in.jsonl");
  const dir = await forked(parent.dir, { at: 10, inputs: { file } });
  await finished(dir);
  const added = loggedInputs(dir).slice(early.length);
  assert.deepEqual(
    added.map(({ tick, body }) => [tick, body.kind, body.kind === "message" ? body.to : ""]),
    [
      [11, "message", "a1"],
      [13, "publish", ""],
      [30, "message", "a2"],
    ],
  );
  const [dropped] = loggedInputs(parent.dir).filter(({ tick }) => tick > 10);
  assert.ok(dropped);
  const without = await finished(await forked(parent.dir, { at: 10, overrides: { dropped: [dropped.seq] } }));
  assert.equal(without.inputs, parent.inputs - 1);
});

test("an opened bundle of a fork goes on with what it had not used", async () => {
  const dir = await forked(parent.dir, { at: 10 });
  const { path } = await bundleRun(dir, { out: join(folder, "fork.bundle") });
  const opened = await openBundle(path, { dir: join(folder, "opened") });
  assert.equal((await finished(opened.dir)).chainHead, parent.chainHead);
  const again = await forkRun(path, {
    at: 4,
    dir: join(folder, "of-bundle"),
    baseDirectory: folder,
    ...inline,
  });
  assert.equal((await finished(again.dir)).chainHead, parent.chainHead);
});

async function refused(options: ForkOptions, code: string, says: RegExp): Promise<void> {
  await assert.rejects(forked(parent.dir, options), (error) => {
    assert.ok(EngineError.is(error));
    assert.equal(error.code, code);
    assert.match(`${error.message}; ${error.hint ?? ""}`, says);
    return true;
  });
}

test("[G10] what is fixed from the start is refused later, and says where it may change", async () => {
  const says = /cannot change at tick 3; fork with --at start/;
  await refused({ at: 3, overrides: { seed: 1 } }, "WE_FORK_GENESIS", says);
  await refused({ at: 3, overrides: { policy: "fifo" } }, "WE_FORK_GENESIS", says);
  const args = [{ agent: "a1", path: ["id"], value: 1 }];
  await refused({ at: 3, overrides: { args } }, "WE_FORK_GENESIS", says);
});

test("[G10] unknown names come with the one that was meant", async () => {
  const cases: readonly (readonly [ForkOverrides, RegExp])[] = [
    [{ args: [{ agent: "a9", path: [], value: null }] }, /no agent "a9" lives.*did you mean/],
    [{ args: [{ agent: "a1", path: ["id", "deeper"], value: null }] }, /nothing at "deeper"/],
    [{ policy: "fifa" }, /did you mean "fifo"/],
    [{ seed: -1 }, /whole number/],
    [{ models: { m: { failing: "refuse" } } }, /asks no model "m"/],
    [{ tools: { t: { failing: "refuse" } } }, /asks no tool "t"/],
  ];
  for (const [overrides, says] of cases) await refused({ at: "start", overrides }, "WE_FORK_OVERRIDE", says);
  for (const text of ["sed=1", "seed", "policy=x", "args.a1.x=no json", "module.=x", "seed=x", "args.=1"]) {
    assert.throws(() => parseOverrides([text]), { code: "WE_FORK_OVERRIDE" }, text);
  }
  await refused({ at: 500 }, "WE_RUN_TICK", /500/);
});

test("[G10] inputs that do not enter again cannot be changed", async () => {
  const [early] = loggedInputs(parent.dir);
  assert.ok(early);
  const { seq } = early;
  for (const overrides of [{ dropped: [seq] }, { inputs: { [seq]: 1 } }, { dropped: [100_000] }]) {
    await refused({ at: 10, overrides }, "WE_FORK_INPUT", /wasm-engine log/);
  }
  await refused({ at: 10, inputs: "none", overrides: { dropped: [seq + 40] } }, "WE_FORK_INPUT", /keep/);
});

test("[G10] a fork without its plan replays and does not go on", async () => {
  for (const damage of ["missing", "changed"]) {
    const dir = await forked(parent.dir, { at: 10 });
    if (damage === "missing") rmSync(join(dir, "fork.cbor"));
    else writeFileSync(join(dir, "fork.cbor"), "x");
    await assert.rejects(Engine.open(dir, { resume: true, ...inline }), { code: "WE_FORK_PLAN" });
    assert.equal((await replayRun(dir, inline)).verified, true);
  }
});

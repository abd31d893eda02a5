/** Functions of the embedding program as tools: answered in this process, with the rules of all others. */

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "node:test";
import type { Json } from "@wasm-engine/core";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { lockHolder } from "../storage/run-lock.js";
import { outcomesOf, toolProject } from "../testing/tool-project.js";
import type { ToolCallPlan, ToolOutcome } from "../testing/tool-project.js";
import type { RunResult } from "../world/control.js";
import { ToolError } from "./tool.js";

function project(
  context: TestContext,
  calls: readonly ToolCallPlan[],
  more: { readonly tools?: Json; readonly files?: Readonly<Record<string, string>> } = {},
): string {
  const { tools = { look: { program: true } }, files = {} } = more;
  return toolProject(context, { files, tools, agents: { a: calls } });
}

async function finished(target: string, options: OpenOptions): Promise<RunResult> {
  await using world = await Engine.open(target, options);
  return await world.run();
}

function shown({ value, code, message, retryable }: ToolOutcome): unknown {
  return code === undefined ? value : [code, message?.replace(/^tool \w+: /, ""), retryable];
}

for (const isolation of ["process", "inline"] as const) {
  test(`[G3] ${isolation}: what a function gives, throws or never gives is one answer`, async (context) => {
    const entries = {
      look: { program: true },
      sum: { program: true },
      hang: { program: true, timeoutMs: 50 },
      leak: "./leak.mjs",
    };
    const calls = ["value", "nothing", "throws", "typed", "map", "long", "secret"];
    const directory = project(
      context,
      [
        ...calls.map((what) => ({ tool: "look", input: { what } })),
        { tool: "sum", input: [1, 2] },
        { tool: "sum", input: "no list" },
        { tool: "hang", input: 1 },
        { tool: "look", input: { what: "value" } },
      ],
      {
        tools: { ...entries, leak: { path: "./leak.mjs", secrets: { KEY: { file: "./key" } } } },
        files: { "leak.mjs": "export default () => 1;\n", key: "classified-7731" },
      },
    );
    const aborted: unknown[] = [];
    const seen: unknown[] = [];
    const look = ({ what }: { what: string }, call: { requestId: string; agentId: string }): unknown => {
      seen.push([process.pid, call.requestId.length, call.agentId]);
      if (what === "throws") throw new Error("it broke");
      if (what === "typed") throw new ToolError("NO_SUCH", "not there", { retryable: true });
      if (what === "map") return new Map();
      if (what === "long") return "x".repeat(1_100_000);
      if (what === "secret") return "it is classified-7731";
      return what === "value" ? Promise.resolve({ got: what }) : undefined;
    };
    const sum = {
      input: { type: "array", items: { type: "number" } },
      idempotent: true,
      run: (numbers: readonly number[]) => numbers.reduce((left, right) => left + right, 0),
    };
    const hang = (_input: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
      return new Promise(() => signal.addEventListener("abort", () => aborted.push("heard")));
    };
    const result = await finished(directory, { isolation, tools: { look, sum, hang } });
    assert.deepEqual(outcomesOf(directory).map(shown), [
      { got: "value" },
      null,
      ["FAILED", "it broke", false],
      ["NO_SUCH", "not there", true],
      ["FAILED", "the tool gave a Map, which is no JSON", false],
      ["FAILED", "the tool gave 1100002 bytes; at most 1047552 fit a message", false],
      "it is [secret KEY]",
      3,
      ["BAD_INPUT", "the value must be array", false],
      ["TIMEOUT", "no answer within 50 ms", true],
      { got: "value" },
    ]);
    assert.deepEqual(aborted, ["heard"]);
    assert.deepEqual(seen, new Array(8).fill([process.pid, 64, "a"]));
    assert.equal(result.toolCalls, 11);
    const reports = result.tools.map(({ name, provider, idempotent }) => [name, provider, idempotent]);
    assert.deepEqual(reports, [
      ["hang", "program", false],
      ["leak", "tool", false],
      ["look", "program", false],
      ["sum", "program", true],
    ]);
    assert.ok((await replayRun(result.dir)).verified);
    assert.equal(seen.length, 8, "replay calls nothing");
    assert.deepEqual((await inspectRun(result.dir)).tools, result.tools);
  });
}

test("an agent that has ended aborts the signal; so does the end of the world", async (context) => {
  const directory = toolProject(context, {
    files: {},
    tools: { look: { program: true, delivery: "recorded" } },
    agents: { a: [{ tool: "look", input: "left" }], b: [{ tool: "look", input: "ended" }] },
  });
  const aborted: unknown[] = [];
  let news: () => void = () => undefined;
  const calls: unknown[] = [];
  const look = (input: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
    const leave = (): void => (aborted.push(input), news());
    signal.addEventListener("abort", leave);
    calls.push(input);
    news();
    return new Promise(() => undefined);
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise<void>((resolve) => (news = resolve));
  };
  const world = await Engine.open(directory, { tools: { look }, start: "live" });
  await until(() => calls.length === 2);
  await world.controlAgent("b", "terminate");
  await until(() => aborted.length === 1);
  await world.close();
  assert.deepEqual(aborted, ["ended", "left"]);
});

test("a world opens only with exactly the functions that it declares", async (context) => {
  const directory = project(context, [{ tool: "look", input: 1 }]);
  const look = (input: unknown): unknown => input;
  await assert.rejects(finished(directory, {}), { code: "WE_TOOL_PROGRAM_MISSING" });
  const stray = { look, find: look };
  await assert.rejects(finished(directory, { tools: stray }), { code: "WE_TOOL_PROGRAM_UNKNOWN" });
  await assert.rejects(finished(directory, { tools: { look: 5 as never } }), { code: "WE_TOOL_DEFINITION" });
  const greedy = { look: { run: look, secrets: ["KEY"] } };
  await assert.rejects(finished(directory, { tools: greedy }), { code: "WE_SECRET_MISSING" });
  assert.equal(existsSync(join(directory, ".wasm-engine", "runs")), false, "nothing of a run was written");
  await assert.rejects(Engine.detach(directory), { code: "WE_TOOL_PROGRAM_MISSING" });
  const { dir } = await finished(directory, { tools: { look } });
  await assert.rejects(finished(dir, { resume: true }), { code: "WE_TOOL_PROGRAM_MISSING" });
  assert.equal((await finished(dir, { resume: true, tools: { look } })).reason, "idle");
});

/** A program that ends in its first call, when the call has been begun. */
const client = (engine: string): string => `import { Engine } from ${JSON.stringify(engine)};
const [, , directory, dir] = process.argv;
const look = () => { process.send("called"); return new Promise(() => undefined); };
const world = await Engine.open(directory, { dir, tools: { charge: look } });
await world.run();
`;

test("[G3] a program that is gone in a call: OUTCOME_UNKNOWN, or the call is made again", async (context) => {
  for (const [idempotent, expected] of [
    [false, ["OUTCOME_UNKNOWN", "the call was begun and its outcome is not known", false]],
    [true, { again: 1 }],
  ] as const) {
    const tools = { charge: { program: true, idempotent } };
    const directory = project(context, [{ tool: "charge", input: 1 }], { tools });
    const dir = join(directory, "run");
    const program = join(directory, "client.mjs");
    writeFileSync(program, client(new URL("../index.js", import.meta.url).href));
    const child = fork(program, [directory, dir], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message");
    child.kill("SIGKILL");
    await once(child, "exit");
    await unlocked(dir);
    const charge = (input: unknown): unknown => ({ again: input });
    const result = await finished(dir, { resume: true, tools: { charge } });
    assert.deepEqual(outcomesOf(directory).map(shown), [expected]);
    assert.equal(readFileSync(join(dir, "side.jsonl"), "utf8").includes('"attempted"'), !idempotent);
    assert.ok((await replayRun(result.dir)).verified);
  }
});

/** The world process has seen that its client is gone, and has closed the run. */
async function unlocked(dir: string): Promise<void> {
  while (lockHolder(join(dir, "lock")) !== undefined) await pause(20);
}

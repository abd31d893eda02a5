/** Tools of real worlds: what agents are answered, whatever a tool does, and what replay makes of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { outcomesOf, toolProject } from "../testing/tool-project.js";
import type { RunResult } from "../world/control.js";

async function finished(directory: string, options: OpenOptions = {}): Promise<RunResult> {
  await using world = await Engine.open(directory, options);
  return await world.run();
}

const weather = `import { readFileSync } from "node:fs";
import { ToolError, defineTool } from "wasm-engine/tool";
import { scale } from "tiny";
import { degrees } from "./lib/degrees.js";
const names: Record<string, string> = JSON.parse(readFileSync(new URL("./names.json", import.meta.url), "utf8"));
export default defineTool({
  description: "Weather of a city",
  input: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
  output: { type: "object", properties: { degrees: { type: "number" } }, required: ["degrees"] },
  idempotent: true,
  async run({ city }: { city: string }, { requestId, agentId }) {
    if (!(city in names)) throw new ToolError("NO_CITY", "no city " + city, { retryable: true });
    if (city === "odd") return { degrees: "warm" };
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { degrees: scale * degrees(city), name: names[city], id: requestId.length, agentId };
  },
});
`;

const files = {
  "tools/weather.ts": weather,
  "tools/lib/degrees.ts": "export function degrees(city: string): number { return city.length; }\n",
  "node_modules/tiny/package.json": JSON.stringify({ name: "tiny", type: "module", exports: "./index.js" }),
  "node_modules/tiny/index.js": "export const scale = 3;\n",
  "tools/names.json": JSON.stringify({ rome: "Roma", odd: "Odd" }),
  "tools/odd.mjs": `export const tools = "not a tool";
export const thrower = { run() { throw new Error("it broke at line 1"); } };
export const picture = { run() { return { list: [1, new Map()] }; } };
export const nothing = { run() {} };
export const large = { run() { return "x".repeat(1_100_000); } };
export const never = { run: () => new Promise(() => {}) };
export function late(input, { signal }) {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve("too late")));
}
`,
};

const odd = (name: string, more: object = {}): object => ({ path: "./tools/odd.mjs", export: name, ...more });

test("what a tool gives, refuses, throws or never gives is one answer, and replay calls nothing", async (context) => {
  const directory = toolProject(context, {
    files,
    tools: {
      weather: "./tools/weather.ts",
      thrower: odd("thrower"),
      picture: odd("picture"),
      nothing: odd("nothing"),
      large: odd("large"),
      never: odd("never", { timeoutMs: 50 }),
      late: odd("late", { timeoutMs: 50 }),
      slow: odd("never", { timeoutMs: 60_000, latencyTicks: 10 }),
    } as never,
    agents: {
      asker: [
        { tool: "weather", input: { city: "rome" } },
        { tool: "weather", input: { city: "paris" } },
        { tool: "weather", input: { city: "odd" } },
        { tool: "weather", input: { town: "rome" } },
        ...["thrower", "picture", "nothing", "large", "never", "late"].map((tool) => ({ tool, input: 1 })),
        { tool: "slow", input: 1, cancelAfter: 3 },
        { tool: "slow", input: 1, timeoutTicks: 4 },
      ],
    },
  });
  const result = await finished(directory, { start: "paused" });
  const outcomes = outcomesOf(directory).map(({ value, code, message, retryable }) =>
    code === undefined ? { value } : { code, message: message?.replace(/^tool \w+: /, ""), retryable },
  );
  assert.deepEqual(outcomes.slice(0, 10), [
    { value: { degrees: 12, name: "Roma", id: 64, agentId: "asker" } },
    { code: "NO_CITY", message: "no city paris", retryable: true },
    {
      code: "FAILED",
      message: "the tool gave what its output schema refuses: /degrees must be number",
      retryable: false,
    },
    {
      code: "BAD_INPUT",
      message:
        "the value must have required property 'city'; the value must NOT have additional properties: town",
      retryable: false,
    },
    { code: "FAILED", message: "it broke at line 1", retryable: false },
    { code: "FAILED", message: "the tool gave a Map at /list/1, which is no JSON", retryable: false },
    { value: null },
    {
      code: "FAILED",
      message: "the tool gave 1100002 bytes; at most 1047552 fit a message",
      retryable: false,
    },
    { code: "TIMEOUT", message: "no answer within 50 ms", retryable: true },
    { code: "TIMEOUT", message: "no answer within 50 ms", retryable: true },
  ]);
  assert.deepEqual(
    outcomes.slice(10).map(({ code }) => code),
    ["CANCELLED", "TIMEOUT"],
  );
  assert.equal(result.toolCalls, 12);
  assert.deepEqual([result.answers, result.faults], [{ reused: 0, asked: 10 }, 0]);
  assert.deepEqual(result.models, []);
  assert.deepEqual(
    result.tools
      .map(({ name, provider, delivery, idempotent }) => [name, provider, delivery, idempotent])
      .slice(-3),
    [
      ["slow", "tool", "lockstep", false],
      ["thrower", "tool", "lockstep", false],
      ["weather", "tool", "lockstep", true],
    ],
  );
  assert.equal((await replayRun(result.dir)).verified, true);
  assert.deepEqual((await inspectRun(result.dir)).tools, result.tools);
});

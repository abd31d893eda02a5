/** Worlds of TypeScript agents with a server of models: what a second run asks, and what stands for a model. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { sha256Hex } from "../crypto/node-crypto.js";
import { openAiServer } from "../testing/openai-server.js";
import type { AskedRequest, OpenAiServerOptions } from "../testing/openai-server.js";
import { projectFolder } from "../testing/project.js";
import type { RunResult } from "../world/control.js";

/** Asks with the prompt of its args; the even ones hand their text to the next agent, which asks about it. */
const writer = `import { defineAgent, type Message } from "wasm-engine/agent";
type Args = { prompt: string; next?: string };
type Draft = { text: string };
export const agent = defineAgent({
  capabilities: ["models", "topics"],
  state: { texts: [] as string[] },
  async onStart(message: Message<Args>, ctx) {
    const { prompt, next } = message.body;
    const answer = await ctx.chat("writer", [{ role: "user", content: prompt }], { maxTokens: 20 });
    ctx.state.texts.push(answer.text);
    if (next !== undefined) ctx.send(next, { text: answer.text });
    ctx.publish("texts", answer.text);
  },
  async onMessage(message: Message<Draft>, ctx) {
    const answer = await ctx.chat("writer", [{ role: "user", content: "judge: " + message.body.text }]);
    ctx.state.texts.push(answer.text);
    ctx.publish("texts", answer.text);
  },
});
`;

const agentCount = 10;
/** Every agent asks once, every second one is handed a text and asks about it. */
const requestCount = agentCount + agentCount / 2;

function configuration(
  url: string,
  more: { prompts?: Readonly<Record<number, string>>; model?: string } = {},
): string {
  const agents = Array.from({ length: agentCount }, (_item, index) => {
    const prompt = more.prompts?.[index] ?? `prompt ${index}`;
    const next = index % 2 === 0 ? `, next: w${index + 1}` : "";
    const capabilities = "{ models: [writer], send: ['*'], topics: [texts] }";
    return `  - { id: w${index}, module: writer, args: { prompt: ${prompt}${next} }, capabilities: ${capabilities} }`;
  });
  return `version: 1
name: writers
seed: 7
modules: { writer: ./writer.ts }
models: { writer: { openai: "${url}", model: tiny, key: { file: ./key.txt }${more.model ?? ""} } }
outputs: [{ topic: texts, file: texts.jsonl }]
agents:
${agents.join("\n")}
`;
}

const key = "sk-not-to-be-found";

function project(context: TestContext, text: string): string {
  return projectFolder(context, { "writer.ts": writer, "engine.yaml": text, "key.txt": `${key}\n` });
}

/** In this process unless it is given threads: one of its own costs more than the world. */
async function run(folder: string, options: OpenOptions = {}): Promise<RunResult> {
  const isolation = options.workers === undefined ? "inline" : "process";
  await using world = await Engine.open(join(folder, "engine.yaml"), { isolation, ...options });
  const result = await world.run();
  assert.equal(result.reason, "idle");
  assert.equal(result.faults, 0, JSON.stringify(result.faultDetails));
  return result;
}

/** Other words for every question, and for every seed. */
function answerTo({ body }: AskedRequest): string {
  return `text ${sha256Hex(Buffer.from(JSON.stringify([body.messages, body.seed]))).slice(0, 8)}`;
}

/** Last words of what was asked, sorted: answers come at any time. */
function questions(asked: readonly AskedRequest[]): string[] {
  return asked
    .map(({ body }) => body.messages?.at(-1)?.content.split(" ").slice(0, 2).join(" ") ?? "")
    .sort();
}

test("a second run asks only for the prompt that was changed, and for what follows from it", async (context) => {
  const server = await openAiServer(context, { answer: answerTo });
  const folder = project(context, configuration(server.url));
  const first = await run(folder, { isolation: "process" });
  assert.deepEqual(first.answers, { reused: 0, asked: requestCount });
  assert.equal(server.asked.length, requestCount);
  assert.ok(server.asked.every(({ authorization }) => authorization === `Bearer ${key}`));

  const second = await run(folder);
  assert.deepEqual(second.answers, { reused: requestCount, asked: 0 });
  assert.equal(server.asked.length, requestCount);

  writeFileSync(join(folder, "engine.yaml"), configuration(server.url, { prompts: { 4: "another prompt" } }));
  server.asked.length = 0;
  const third = await run(folder);
  assert.deepEqual(third.answers, { reused: requestCount - 2, asked: 2 });
  assert.deepEqual(questions(server.asked), ["another prompt", "judge: text"]);

  const anew = await run(folder, { askAnew: true });
  assert.deepEqual(anew.answers, { reused: 0, asked: requestCount });
  writeFileSync(join(folder, "engine.yaml"), configuration(server.url, { model: ", reuse: false" }));
  const off = await run(folder);
  assert.deepEqual(off.answers, { reused: 0, asked: requestCount });

  await server.close();
  for (const { dir, chainHead } of [first, second, third]) {
    const report = await replayRun(dir, { isolation: "inline" });
    assert.equal(report.verified, true);
    assert.equal(report.chainHead, chainHead);
  }
  assertSecret(folder, key);
});

/** Nothing below `.wasm-engine` holds the value in any of its forms. */
function assertSecret(folder: string, value: string): void {
  const forms = [
    value,
    Buffer.from(value).toString("base64").slice(0, 20),
    Buffer.from(value).toString("hex"),
  ];
  const root = join(folder, ".wasm-engine");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(files.length > requestCount);
  for (const file of files) {
    const text = readFileSync(join(file.parentPath, file.name), "latin1");
    for (const form of forms) assert.ok(!text.includes(form), `${file.name} holds the key`);
  }
}

test("lockstep: kept answers and asked ones, one worker and three, make one chain", async (context) => {
  const slow: OpenAiServerOptions = {
    answer: answerTo,
    deed: (index) => (index % 3 === 0 ? { do: "slow", ms: 5 } : { do: "pass" }),
  };
  const server = await openAiServer(context, slow);
  const folder = project(
    context,
    configuration(server.url, { model: ", delivery: lockstep, latencyTicks: 2" }),
  );
  const asked = await run(folder);
  const reused = await run(folder);
  const threads = await run(folder, { workers: 3, askAnew: true });
  assert.deepEqual(asked.answers, { reused: 0, asked: requestCount });
  assert.deepEqual(reused.answers, { reused: requestCount, asked: 0 });
  assert.deepEqual(threads.answers, { reused: 0, asked: requestCount });
  assert.equal(reused.chainHead, asked.chainHead);
  assert.equal(threads.chainHead, asked.chainHead);
});

test("agents of a server that fails get an error answer and go on", async (context) => {
  const server = await openAiServer(context, { deed: () => ({ do: "status", status: 401 }) });
  const failing = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["models", "topics"],
  async onStart(message, ctx) {
    const asked = ctx.chat("writer", [{ role: "user", content: "x" }]);
    ctx.publish("texts", await asked.catch(({ code, message }) => ({ code, message })));
  },
});
`;
  const folder = project(context, configuration(server.url));
  writeFileSync(join(folder, "writer.ts"), failing);
  const result = await run(folder);
  assert.deepEqual(result.answers, { reused: 0, asked: agentCount });
  const lines = readFileSync(join(folder, "texts.jsonl"), "utf8").trimEnd().split("\n");
  assert.equal(lines.length, agentCount);
  const { payload } = JSON.parse(lines[0] ?? "{}") as { payload: unknown };
  const message = 'chat writer: the server of model "writer" does not accept the key (401)';
  assert.deepEqual(payload, { code: "FAILED", message });
  const again = await run(folder);
  assert.deepEqual(again.answers, { reused: 0, asked: agentCount }, "failures are not kept");
});

const parts = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["models", "topics"],
  async onStart(message, ctx) {
    const seen: string[] = [];
    const messages = [{ role: "user" as const, content: "say three words" }];
    const answer = await ctx.chat("writer", messages, { onPart: ({ text }) => seen.push(text) });
    ctx.publish("texts", { seen, text: answer.text });
  },
});
`;

test("the time of requests that wait for their turn at the server does not count", async (context) => {
  const server = await openAiServer(context, { answer: answerTo, deed: () => ({ do: "slow", ms: 600 }) });
  // All of them together take longer than the limit of one, and each a small part of it, on a loaded machine too.
  const folder = project(context, configuration(server.url, { model: ", concurrency: 1, timeoutMs: 5000" }));
  writeFileSync(join(folder, "writer.ts"), parts.replace(", { onPart: ({ text }) => seen.push(text) }", ""));
  const result = await run(folder);
  assert.deepEqual(result.answers, { reused: 0, asked: agentCount });
  assert.equal(server.atOnce(), 1);
});

async function partsOf(folder: string, options: OpenOptions = {}): Promise<unknown> {
  await run(folder, options);
  const [line = "{}"] = readFileSync(join(folder, "texts.jsonl"), "utf8").split("\n");
  return (JSON.parse(line) as { payload: unknown }).payload;
}

test("parts enter where answers come when they come; a kept answer is one part", async (context) => {
  const server = await openAiServer(context, { answer: () => "one two three" });
  const folder = project(context, configuration(server.url));
  writeFileSync(join(folder, "writer.ts"), parts);
  const text = "one two three";
  assert.deepEqual(await partsOf(folder, { askAnew: true }), { seen: ["one", " two", " three"], text });
  assert.deepEqual(await partsOf(folder), { seen: [text], text });
  assert.deepEqual(await partsOf(folder, { delivery: "lockstep" }), { seen: [], text });
});

test("rules, recordings and failures stand for a model; without a server nothing is missed", async (context) => {
  const server = await openAiServer(context, { answer: answerTo });
  const folder = project(context, configuration(server.url));
  const { dir } = await run(folder, { delivery: "lockstep" });
  const output = readFileSync(join(folder, "texts.jsonl"), "utf8");
  await server.close();

  const stand = (source: string): void => {
    const text = configuration(server.url).replace(/models: .*/, `models: { writer: ${source} }`);
    writeFileSync(join(folder, "engine.yaml"), text);
  };
  stand(`{ recorded: "${dir}" }`);
  const recorded = await run(folder);
  assert.equal(readFileSync(join(folder, "texts.jsonl"), "utf8"), output);
  assert.equal(recorded.answers.asked, requestCount);

  writeFileSync(
    join(folder, "rules.yaml"),
    "- when: { last: '/^judge: (.*)/' }\n  answer: good {1}\n- answer: '{agent}!'\n",
  );
  stand("{ scripted: ./rules.yaml }");
  const scripted = await run(folder);
  const texts = readFileSync(join(folder, "texts.jsonl"), "utf8");
  assert.ok(texts.includes('"w9!"') && texts.includes('"good w8!"'));
  assert.equal((await run(folder, { workers: 3 })).chainHead, scripted.chainHead);
  assert.equal((await replayRun(scripted.dir, { isolation: "inline" })).verified, true);
});

const caller = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["tools", "topics"],
  async onStart(message, ctx) {
    const found = await ctx.tool("search", { query: "price of tea" });
    const failed = await ctx.tool("broken", {}).catch(({ code }) => code);
    ctx.publish("texts", { found, failed });
  },
});
`;

test("rules, failures and recordings stand for tools as well", async (context) => {
  const folder = project(context, configuration("http://127.0.0.1:1/v1"));
  writeFileSync(join(folder, "writer.ts"), caller);
  const configured = (search: string): string => `version: 1
name: caller
modules: { caller: ./writer.ts }
tools: { search: ${search}, broken: { failing: refuse, code: GONE } }
outputs: [{ topic: texts, file: texts.jsonl }]
agents: [{ id: a, module: caller, capabilities: { tools: [search, broken], topics: [texts] } }]
`;
  const rules = "- when: { input: { query: '/price of (.+)/' } }\n  json: { item: '{1}', price: 3 }\n";
  writeFileSync(join(folder, "rules.yaml"), rules);
  writeFileSync(join(folder, "engine.yaml"), configured("{ scripted: ./rules.yaml }"));
  const { dir, toolCalls, chainHead } = await run(folder);
  const output = readFileSync(join(folder, "texts.jsonl"), "utf8");
  assert.equal(toolCalls, 2);
  assert.ok(output.includes('{"found":{"item":"tea","price":3},"failed":"GONE"}'), output);
  writeFileSync(join(folder, "engine.yaml"), configured(`{ recorded: "${dir}" }`));
  assert.equal((await run(folder)).chainHead, chainHead);
});

/** Agents of a running world, asked with the npm client of OpenAI: every request is a logged input. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import type { RunningWorld } from "../client/running-world.js";
import { chat, openAiClient, refusal, streamed, textOf } from "../testing/openai-client.js";
import type { Body, Completion, OpenAiClient } from "../testing/openai-client.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import type { ServedRequest } from "./http-face.js";
import { startServing } from "./serving.js";
import type { Serving } from "./serving.js";

const echo = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["topics"],
  state: { asked: 0 },
  messages: { strict: { type: "object", required: ["never"] } },
  reentrant: true,
  async onMessage(message, ctx) {
    const { messages, prompt, request, stream, ...rest } = message.body;
    ctx.state.asked += 1;
    const last = messages === undefined ? prompt : messages.at(-1).content;
    if (last === "refuse") return message.replyError("BAD_INPUT", "not that");
    if (last === "fail") return message.replyError("TIRED", "not now");
    if (last === "never") return;
    if (last === "plain") return message.reply("just a text");
    if (last === "value") return message.reply({ verdict: 7 });
    if (last === "members") return message.reply({ text: JSON.stringify({ messages, ...rest }) });
    if (last === "tool") {
      return message.reply({ text: "", toolCalls: [{ id: "c1", name: "search", arguments: { q: 1 } }] });
    }
    const words = [topicOf(message), ": ", last, " ", String(ctx.state.asked)];
    if (stream) {
      for (const text of words.slice(0, 3)) {
        ctx.publish("chat.parts", { request, text });
        ctx.publish("chat.parts", { request: "of nobody", text });
        await ctx.sleep(1);
      }
    }
    message.reply({ text: words.join(""), promptTokens: 3, completionTokens: 5 });
  },
});
const topicOf = ({ topic }) => topic;
`;

const configuration = `version: 1
name: asked
seed: 3
clock: { tickMs: 100 }
stop: { when: never }
modules: { echo: ./echo.ts }
agents:
  - { id: oracle, module: echo, capabilities: { topics: [chat.parts] } }
`;

const folder = freshFolder("asked");
const served: ServedRequest[] = [];
let world: RunningWorld;
let serving: Serving;
let client: OpenAiClient;

before(async () => {
  writeFileSync(join(folder, "echo.ts"), echo);
  writeFileSync(join(folder, "engine.yaml"), configuration);
  world = await Engine.open(folder, { start: "live", workers: 1 });
  serving = await startServing({ run: world.dir, onRequest: (request) => served.push(request) });
  client = await openAiClient(serving.url);
});
after(async () => {
  await serving.close();
  await world.close();
});

const say = (content: string, more: Body = {}): Body => ({
  model: "agent/oracle",
  messages: [{ role: "user", content }],
  ...more,
});

test("[S7.serve] agents are models: whole answers, streams, calls of tools, and what the agent is told", async () => {
  const { data } = await client.models.list();
  assert.deepEqual(data[0]?.id, "agent/oracle");
  assert.equal((await client.models.retrieve("agent/oracle")).id, "agent/oracle");
  const whole = await chat(client, say("hi", { temperature: 0.5, n: 1, user: "me" }));
  assert.equal(whole.choices[0]?.message.content, "chat: hi 1");
  assert.deepEqual(whole.usage, { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 });
  const chunks = await streamed(client, say("hi", { stream_options: { include_usage: true } }));
  assert.equal(textOf(chunks), "chat: hi 2");
  const pieces = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.content ?? []));
  assert.deepEqual(
    pieces,
    ["", "chat", ": ", "hi", " 2"],
    "parts as the agent publishes them, then the rest",
  );
  assert.equal(chunks.at(-1)?.usage?.total_tokens, 8);
  const completion = await client.completions.create({ model: "agent/oracle", prompt: "once" });
  assert.equal((completion as Completion).choices[0]?.text, "completion: once 3"); // what the interface gives
  assert.equal((await chat(client, say("plain"))).choices[0]?.message.content, "just a text");
  assert.equal((await chat(client, say("value"))).choices[0]?.message.content, '{"verdict":7}');
  assert.equal(textOf(await streamed(client, say("value"))), '{"verdict":7}', "without parts it is one");
  const [called] = (await chat(client, say("tool"))).choices;
  assert.deepEqual([called?.finish_reason, called?.message.content], ["tool_calls", null]);
  assert.deepEqual(called?.message.tool_calls?.[0]?.function, { name: "search", arguments: '{"q":1}' });
  const conversation = [
    {
      role: "developer",
      content: [
        { type: "text", text: "be " },
        { type: "text", text: "short" },
      ],
    },
    {
      role: "assistant",
      tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "c1", content: "4" },
    { role: "user", content: "members" },
  ];
  const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
  const told = await chat(client, say("", { messages: conversation, max_tokens: 9, seed: 4, tools, own: 1 }));
  assert.deepEqual(JSON.parse(told.choices[0]?.message.content ?? ""), {
    messages: [
      { role: "system", content: "be short" },
      { role: "assistant", content: "", toolCalls: [{ id: "c1", name: "f", arguments: {} }] },
      { role: "tool", content: "4", toolCallId: "c1" },
      { role: "user", content: "members" },
    ],
    maxTokens: 9,
    seed: 4,
    tools: [{ name: "f", input: { type: "object" } }],
    own: 1,
  });
});

test("[S7.serve] what agents refuse, and those that are none or silent, have a status", async () => {
  const expectations: readonly (readonly [Body, number, string])[] = [
    [say("refuse"), 400, "WE_ASK_FAILED"],
    [say("fail"), 502, "WE_ASK_FAILED"],
    [say("hi", { model: "agent/nobody" }), 404, "WE_AGENT_UNKNOWN"],
    [say("hi", { model: "agent/no body" }), 404, "WE_AGENT_SPEC"],
    [say("hi", { model: "oracle" }), 404, "WE_SERVE_MODEL"],
    [say("hi", { n: 2 }), 400, "WE_SERVE_FIELD"],
    [say("hi", { logprobs: true }), 400, "WE_SERVE_FIELD"],
    [say("x".repeat(1_100_000)), 413, "WE_WORLD_INPUT_SIZE"],
  ];
  for (const [body, status, code] of expectations) {
    const error = await refusal(chat(client, body));
    assert.deepEqual([error.status, error.code], [status, code], JSON.stringify(body).slice(0, 100));
  }
  const several = await refusal(client.completions.create({ model: "agent/oracle", prompt: ["a", "b"] }));
  assert.deepEqual([several.status, several.param], [400, "prompt"]);
  const vectors = await refusal(client.embeddings.create({ model: "agent/oracle", input: "x" }));
  assert.deepEqual([vectors.status, vectors.param], [400, "model"]);
  await using impatient = await startServing({ run: world.dir, agentTimeoutMs: 1 });
  const silent = await refusal(chat(await openAiClient(impatient.url), say("never")));
  assert.deepEqual([silent.status, silent.code], [504, "WE_SERVE_NO_ANSWER"]);
  // Clients that repeat by themselves do not: each time would be another input.
  const before = served.length;
  await refusal(client.chat.completions.create(say("fail"), { maxRetries: 3 }));
  assert.equal(served.length, before + 1);
});

test("[S7.serve] an idempotency key is that of the input: asked again it gets the same answer", async () => {
  const headers = { "Idempotency-Key": "order-17" };
  const [first, again] = await Promise.all([
    chat(client, say("hi"), { headers }),
    chat(client, say("hi"), { headers }),
  ]);
  assert.equal(again.choices[0]?.message.content, first.choices[0]?.message.content);
  const stream = await streamed(client, say("hi", { stream: true }), { headers }).catch(
    (error: unknown) => error,
  );
  assert.equal((stream as { status?: number }).status, 409, "a stream is another request"); // see above
  const other = await refusal(chat(client, say("ho"), { headers }));
  assert.deepEqual([other.status, other.code], [409, "WE_SERVE_KEY"]);
  assert.deepEqual(
    loggedInputs(world.dir).flatMap(({ key }) => key ?? []),
    ["order-17"],
  );
});

test("[S7.serve] a client that leaves takes its question back", async () => {
  const leaving = new AbortController();
  const asked = chat(client, say("never"), { signal: leaving.signal });
  const isAsked = (): boolean =>
    loggedInputs(world.dir).filter(({ body }) => body.kind === "message" && isSilent(body.payload)).length >
    1;
  while (!isAsked()) await new Promise((resolve) => setTimeout(resolve, 10));
  leaving.abort();
  await assert.rejects(asked);
  while (!served.some(({ status }) => status === 499))
    await new Promise((resolve) => setTimeout(resolve, 10));
});

const isSilent = (payload: Uint8Array): boolean => Buffer.from(payload).includes('"never"');

test("[S7.serve] the run replays; the world is found again where it goes on", async () => {
  const { chainHead, dir } = await world.stop();
  const topics = loggedInputs(dir).map(({ body }) => (body.kind === "message" ? body.topic : ""));
  assert.equal(topics.filter((topic) => topic === "completion").length, 1, "every request is a logged input");
  const replay = await replayRun(dir);
  assert.deepEqual([replay.verified, replay.chainHead], [true, chainHead]);
  await world.close();
  const ended = await refusal(chat(client, say("hi")));
  assert.equal(ended.status, 503);
  assert.match(ended.code ?? "", /^WE_CONTROL_(NOT_RUNNING|LOST)$/);
  await using resumed = await Engine.open(dir, { resume: true, start: "live", workers: 1 });
  assert.match((await chat(client, say("back"))).choices[0]?.message.content ?? "", /^chat: back \d+$/);
  assert.equal((await resumed.inspect()).agents.length, 1);
});

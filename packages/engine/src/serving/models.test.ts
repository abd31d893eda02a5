/** Models behind the server, asked with the npm client of OpenAI: a model of this repository, and an encoder. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chat, openAiClient, refusal, streamed, textOf } from "../testing/openai-client.js";
import type { Body, Completion, Embeddings, OpenAiClient } from "../testing/openai-client.js";
import { freshFolder } from "../testing/run-folders.js";
import { writeEncoder } from "../testing/text-world.js";
import type { ServedRequest } from "./http-face.js";
import { startServing } from "./serving.js";
import type { Serving } from "./serving.js";

const understudy = fileURLToPath(new URL("../../../../assets/models/understudy", import.meta.url));
const messages = [
  { role: "system", content: "You are JULIET." },
  { role: "user", content: "ROMEO: What light is this?" },
];
const sampled = { model: "understudy", messages, max_tokens: 12, temperature: 0.9, top_p: 0.95, seed: 7 };

const served: ServedRequest[] = [];
let serving: Serving;
let client: OpenAiClient;

before(async () => {
  const encoder = await writeEncoder(join(freshFolder("serving"), "vectors"));
  const providers = ["wasm"] as const;
  serving = await startServing({
    models: [
      { name: "understudy", dir: understudy, providers },
      { name: "vectors", dir: encoder, providers },
    ],
    textsUnderWayMax: 16,
    onRequest: (request) => served.push(request),
  });
  client = await openAiClient(serving.url);
});
after(() => serving.close());

test("[S7.serve] lists models, shows one, and says what it knows where there is none", async () => {
  const { data } = await client.models.list();
  assert.deepEqual(
    data.map(({ id }) => id),
    ["understudy", "vectors"],
  );
  assert.equal((await client.models.retrieve("vectors")).id, "vectors");
  const { status, code, message } = await refusal(client.models.retrieve("understady"));
  assert.deepEqual([status, code], [404, "WE_SERVE_MODEL"]);
  assert.match(message, /did you mean "understudy"/);
});

test("[S7.serve] the same request and seed have the same text, alone, beside others, many and streamed", async () => {
  const alone = await chat(client, sampled);
  const [choice] = alone.choices;
  assert.equal(choice?.message.role, "assistant");
  const text = choice.message.content;
  assert.ok(text !== null && text.length > 0);
  assert.equal(alone.seed, 7);
  assert.match(alone.system_fingerprint ?? "", /^fp_[0-9a-f]{16}$/);
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = alone.usage;
  assert.deepEqual([completion, total], [12, prompt + 12]);
  const many = Array.from({ length: 6 }, (_, index) =>
    chat(client, index === 3 ? sampled : { ...sampled, seed: index }),
  );
  const beside = await Promise.all(many);
  assert.equal(beside[3]?.choices[0]?.message.content, text);
  const both = await chat(client, { ...sampled, n: 2 });
  assert.equal(both.choices[0]?.message.content, text, "the first choice has the seed of the request");
  assert.notEqual(both.choices[1]?.message.content, text);
  assert.equal(both.usage.prompt_tokens, prompt, "a prompt counts once");
  assert.ok(both.usage.completion_tokens > 12);
  const chunks = await streamed(client, { ...sampled, n: 2, stream_options: { include_usage: true } });
  assert.equal(textOf(chunks), text);
  assert.equal(textOf(chunks, 1), both.choices[1]?.message.content);
  assert.ok(chunks.length > 12, "tokens come one by one");
  assert.equal(chunks[0]?.choices[0]?.delta.role, "assistant");
  assert.deepEqual(chunks.at(-1)?.usage, both.usage);
  assert.deepEqual(chunks.at(-1)?.choices, []);
  const ends = chunks.flatMap(({ choices }) => choices.map(({ finish_reason: reason }) => reason));
  assert.deepEqual(
    ends.filter((reason) => reason !== null).sort(),
    both.choices.map(({ finish_reason: reason }) => reason).sort(),
  );
});

test("[S7.serve] without a seed the answer names the one that it was written with", async () => {
  const unseeded = { ...sampled, seed: null };
  const first = await chat(client, unseeded);
  const again = await chat(client, { ...unseeded, seed: first.seed });
  assert.equal(again.choices[0]?.message.content, first.choices[0]?.message.content);
});

test("[S7.serve] completions of several prompts, of token ids, with stop strings and forbidden tokens", async () => {
  const asked = { model: "understudy", max_tokens: 8, temperature: 0 };
  const complete = async (body: Body): Promise<Completion> =>
    (await client.completions.create({ ...asked, ...body })) as Completion; // what the interface gives
  const { choices, usage } = await complete({ prompt: ["ROMEO: But", "JULIET: O"], n: 1 });
  assert.deepEqual(
    choices.map(({ index }) => index),
    [0, 1],
  );
  assert.equal(usage.completion_tokens, 16);
  const one = await complete({ prompt: "ROMEO: But" });
  assert.equal(one.choices[0]?.text, choices[0]?.text);
  const byDefault = (await client.completions.create({
    model: "understudy",
    prompt: [5, 6, 7],
    temperature: 0,
  })) as Completion; // what the interface gives
  assert.equal(byDefault.usage.prompt_tokens, 3);
  assert.ok(byDefault.usage.completion_tokens <= 16, "as many as the interface says");
  const text = one.choices[0]?.text ?? "";
  const mark = text.slice(3, 6);
  const stopped = await complete({ prompt: "ROMEO: But", stop: mark });
  assert.deepEqual(
    [stopped.choices[0]?.text, stopped.choices[0]?.finish_reason],
    [text.slice(0, text.indexOf(mark)), "stop"],
  );
});

test("[S7.serve] answers fit a JSON Schema where one is given", async () => {
  const schema = {
    type: "object",
    properties: { line: { type: "string", maxLength: 8 }, act: { type: "integer", minimum: 1, maximum: 5 } },
    required: ["line", "act"],
    additionalProperties: false,
  };
  const format = { type: "json_schema", json_schema: { name: "line", schema } };
  const { choices } = await chat(client, { ...sampled, max_tokens: 32, response_format: format });
  const value = JSON.parse(choices[0]?.message.content ?? "") as { line: string; act: number };
  assert.ok(typeof value.line === "string" && value.act >= 1 && value.act <= 5);
});

test("[S7.serve] vectors as numbers and as base64 are the same, of one text and of many", async () => {
  const embed = async (body: Body): Promise<Embeddings> =>
    (await client.embeddings.create({ model: "vectors", ...body })) as Embeddings; // what the interface gives
  const input = ["tea is warm", "cold water"];
  // The client asks for base64 by itself.
  const [packed, plain] = await Promise.all([embed({ input }), embed({ input, encoding_format: "float" })]);
  assert.equal(packed.data.length, 2);
  const rounded = plain.data[1]?.embedding.map(Math.fround);
  assert.deepEqual(packed.data[1]?.embedding.map(Math.fround), rounded);
  assert.ok(plain.usage.prompt_tokens > 4);
  const { data } = await embed({ input: "cold water", dimensions: 4, encoding_format: "float" });
  assert.equal(data[0]?.embedding.length, 4);
});

test("[S7.serve] a client that leaves ends its texts", async () => {
  const leaving = new AbortController();
  const body = { ...sampled, n: 16, max_tokens: 400 };
  const create = client.chat.completions.create({ ...body, stream: true }, { signal: leaving.signal });
  const stream = (await create) as AsyncIterable<unknown>; // what the interface gives
  await stream[Symbol.asyncIterator]().next();
  leaving.abort();
  // The places of its 16 texts are free again, and no text of 400 tokens was waited for.
  while (!served.some(({ status }) => status === 499))
    await new Promise((resolve) => setTimeout(resolve, 10));
  const { choices } = await chat(client, { ...sampled, n: 16, max_tokens: 1 });
  assert.equal(choices.length, 16);
});

const bad: readonly (readonly [Body, string | null, RegExp])[] = [
  [{ messages: [] }, "messages", /at least one/],
  [{ messages: [{ role: "poet", content: "x" }] }, "messages[0].role", /one of system/],
  [
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] },
    "messages[0].content[0]",
    /type text/,
  ],
  [{ temperature: 3 }, "temperature", /from 0 to 2/],
  [{ top_p: 0 }, "top_p", /above 0/],
  [{ max_tokens: 0 }, "max_tokens", /from 1/],
  [{ max_tokens: 5, max_completion_tokens: 5 }, "max_tokens", /absent beside/],
  [{ n: 65 }, "n", /from 1 to 64/],
  [{ logprobs: true }, "logprobs", /not there/],
  [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools", /not there/],
  [{ frequency_penalty: 1 }, "frequency_penalty", /not there/],
  [{ logit_bias: { 5: 101 } }, "logit_bias", /from -100/],
  [{ stop: ["a", ""] }, "stop", /not empty/],
  [{ response_format: { type: "json_schema" } }, "response_format", /json_schema\.schema/],
  [{ seed: 1.5 }, "seed", /whole number/],
  [{ stream_options: { include_usage: 1 } }, "stream_options.include_usage", /true or false/],
  [{ temprature: 1 }, "temprature", /did you mean "temperature"/],
  [{ model: 5 }, "model", /name of a model/],
  [{ model: "vectors" }, "model", /gives vectors/],
  [{ max_tokens: 5000 }, null, /context/],
  [{ logit_bias: { 999999: 1 } }, null, /token ids/],
];

test("[S7.serve] what is wrong with a request is told with the name of the member", async () => {
  for (const [change, param, reason] of bad) {
    const error = await refusal(chat(client, { ...sampled, ...change }));
    assert.deepEqual([error.status, error.param], [400, param], JSON.stringify(change));
    assert.match(error.message, reason);
    assert.match(error.code ?? "", /^WE_SERVE_(FIELD|REFUSED)$/);
    assert.equal(error.type, "invalid_request_error");
  }
  const stream = await refusal(streamed(client, { ...sampled, max_tokens: 5000 }));
  assert.equal(stream.status, 400, "a stream that has not begun has a status, too");
  const vectors = await refusal(client.embeddings.create({ model: "understudy", input: "x" }));
  assert.match(vectors.message, /this one writes texts/);
  const long = await refusal(client.embeddings.create({ model: "vectors", input: "tea ".repeat(60) }));
  assert.deepEqual([long.status, long.code], [400, "WE_SERVE_REFUSED"]);
});

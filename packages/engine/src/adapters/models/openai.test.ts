import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { adapterRequest, adapterSurroundings, ask } from "../../testing/adapter-request.js";
import { openAiServer } from "../../testing/openai-server.js";
import type { OpenAiServer, OpenAiServerOptions, ServerDeed } from "../../testing/openai-server.js";
import type { Adapter, OpenAiSetup } from "../contract.js";
import { createAdapter, openAiIdentity } from "./openai.js";

const key = "sk-secret-0123456789";

function setupOf(url: string, more: Partial<OpenAiSetup> = {}): OpenAiSetup {
  return {
    kind: "openai",
    serves: "inference",
    name: "writer",
    url,
    model: "tiny",
    parameters: {},
    timeoutMs: 20_000,
    concurrency: 4,
    reuse: false,
    secrets: { key: { env: "UNUSED" } },
    ...more,
  };
}

interface Opened {
  readonly server: OpenAiServer;
  readonly adapter: Adapter;
}

async function opened(
  context: TestContext,
  options: OpenAiServerOptions = {},
  more: Partial<OpenAiSetup> = {},
): Promise<Opened> {
  const server = await openAiServer(context, options);
  const adapter = await createAdapter(setupOf(server.url, more), adapterSurroundings("/nowhere", { key }));
  context.after(() => adapter.close?.());
  return { server, adapter };
}

const hello = { messages: [{ role: "user", content: "hello there" }] };

test("a conversation is asked in the words of the interface and answered in ours", async (context) => {
  const parameters = { temperature: 0.5, maxTokens: 9, stop: ["."] };
  const { server, adapter } = await opened(context, {}, { parameters });
  const { value, parts } = await ask(
    adapter,
    adapterRequest({
      ...hello,
      maxTokens: 7,
      topP: 0.9,
      responseFormat: "json",
      model: "another",
      tools: [{ name: "search", description: "finds", input: { type: "object" } }],
    }),
  );
  assert.deepEqual(value, {
    text: "tiny heard: hello there",
    finishReason: "stop",
    promptTokens: 2,
    completionTokens: 4,
  });
  assert.deepEqual(parts, []);
  assert.deepEqual(server.asked, [
    {
      path: "/v1/chat/completions",
      authorization: `Bearer ${key}`,
      body: {
        model: "tiny",
        messages: hello.messages,
        temperature: 0.5,
        max_tokens: 7,
        stop: ["."],
        top_p: 0.9,
        seed: 1234,
        tools: [
          {
            type: "function",
            function: { name: "search", description: "finds", parameters: { type: "object" } },
          },
        ],
        response_format: { type: "json_object" },
      },
    },
  ]);
});

test("the seed is the request's, the configuration's, or none", async (context) => {
  const { server, adapter } = await opened(context, {}, { parameters: { seed: 5 } });
  await ask(adapter, adapterRequest(hello));
  await ask(adapter, adapterRequest({ ...hello, seed: 6 }));
  await ask(adapter, adapterRequest({ ...hello, seed: null }));
  assert.deepEqual(
    server.asked.map(({ body }) => body.seed),
    [5, 6, undefined],
  );
});

test("a stream gives parts, and joined they are the answer", async (context) => {
  const { server, adapter } = await opened(context, { answer: () => "one two  thrée\nfour" });
  const { value, parts } = await ask(adapter, adapterRequest({ ...hello, stream: true }));
  assert.deepEqual(parts, ["one", " two", "  thrée", "\nfour"]);
  assert.deepEqual(value, {
    text: parts.join(""),
    finishReason: "stop",
    promptTokens: 2,
    completionTokens: 4,
  });
  assert.deepEqual(server.asked[0]?.body["stream_options"], { include_usage: true });
});

test("a server that does not stream gives one part", async (context) => {
  const body = { choices: [{ message: { content: "all at once" }, finish_reason: "length" }] };
  const { adapter } = await opened(context, { deed: () => ({ do: "body", body }) });
  const { value, parts } = await ask(adapter, adapterRequest({ ...hello, stream: true }));
  assert.deepEqual(parts, ["all at once"]);
  assert.deepEqual(value, {
    text: "all at once",
    finishReason: "length",
    promptTokens: null,
    completionTokens: null,
  });
});

test("tool calls come as values and go back as the interface has them", async (context) => {
  const call = { id: "c1", type: "function", function: { name: "search", arguments: '{"query":"x"}' } };
  const body = { choices: [{ message: { content: null, tool_calls: [call] }, finish_reason: "tool_calls" }] };
  const { server, adapter } = await opened(context, { deed: () => ({ do: "body", body }) });
  const { value } = await ask(adapter, adapterRequest(hello));
  const toolCalls = [{ id: "c1", name: "search", arguments: { query: "x" } }];
  assert.deepEqual(value, {
    text: "",
    finishReason: "tool_calls",
    promptTokens: null,
    completionTokens: null,
    toolCalls,
  });
  const messages = [
    ...hello.messages,
    { role: "assistant", content: "", toolCalls },
    { role: "tool", toolCallId: "c1", content: "found" },
  ];
  await ask(adapter, adapterRequest({ messages }));
  assert.deepEqual(server.asked[1]?.body.messages, [
    ...hello.messages,
    { role: "assistant", content: "", tool_calls: [call] },
    { role: "tool", tool_call_id: "c1", content: "found" },
  ]);
});

test("embeddings come in the order of the texts", async (context) => {
  const { server, adapter } = await opened(context);
  const { value } = await ask(adapter, adapterRequest({ input: ["a", "bcd"], dimensions: 2 }));
  assert.deepEqual(value, {
    embeddings: [
      [1, 0],
      [3, 1],
    ],
    promptTokens: 2,
  });
  assert.deepEqual(server.asked[0]?.body, { model: "tiny", input: ["a", "bcd"], dimensions: 2 });
  const { value: one } = await ask(adapter, adapterRequest({ input: "four" }));
  assert.deepEqual(one, { embeddings: [[4, 0]], promptTokens: 1 });
});

const faults: readonly {
  readonly name: string;
  readonly deed: ServerDeed;
  readonly says: string;
  readonly retryable: boolean;
  /** Requests that the server sees. */
  readonly asked: number;
  readonly stream?: boolean;
}[] = [
  {
    name: "401",
    deed: { do: "status", status: 401 },
    says: "does not accept the key (401)",
    retryable: false,
    asked: 1,
  },
  {
    name: "404",
    deed: { do: "status", status: 404, message: `no model tiny for ${key}` },
    says: "refuses the request with status 404: no model tiny for [secret key]",
    retryable: false,
    asked: 1,
  },
  {
    name: "500",
    deed: { do: "status", status: 500 },
    says: "failed with status 500",
    retryable: true,
    asked: 4,
  },
  {
    name: "429 whose pause is too long",
    deed: { do: "status", status: 429, headers: { "retry-after": "3600" } },
    says: "takes no more requests now (429)",
    retryable: true,
    asked: 1,
  },
  {
    name: "a redirect",
    deed: { do: "status", status: 307, headers: { location: "http://127.0.0.1:1/" } },
    says: "redirects (307), which is not followed",
    retryable: false,
    asked: 1,
  },
  {
    name: "garbage",
    deed: { do: "garbage" },
    says: "sent a response that is no JSON",
    retryable: false,
    asked: 1,
  },
  {
    name: "another response",
    deed: { do: "body", body: { choices: [] } },
    says: "cannot be understood: its response has no choices[0].message",
    retryable: false,
    asked: 1,
  },
  {
    name: "a lost connection",
    deed: { do: "close" },
    says: "closed the connection",
    retryable: true,
    asked: 4,
  },
  { name: "a lost body", deed: { do: "truncate" }, says: "closed the connection", retryable: true, asked: 4 },
  {
    name: "a stream that is cut before its first part",
    deed: { do: "truncate", events: 0 },
    says: "closed the connection",
    retryable: true,
    asked: 4,
    stream: true,
  },
  {
    name: "a stream that is cut after parts",
    deed: { do: "truncate", events: 2 },
    says: "closed the connection",
    retryable: true,
    asked: 1,
    stream: true,
  },
  {
    name: "a stream that stops early",
    deed: { do: "stop-early", events: 2 },
    says: "ended its stream before the answer was complete",
    retryable: true,
    asked: 1,
    stream: true,
  },
  {
    name: "an answer that is too long",
    deed: { do: "body", body: { choices: [{ message: { content: "x".repeat(1_100_000) } }] } },
    says: "fit a message",
    retryable: false,
    asked: 1,
  },
  {
    name: "a response that is too long",
    deed: { do: "body", body: { choices: [], filler: "x".repeat(17_000_000) } },
    says: "sent a response that is too long",
    retryable: false,
    asked: 1,
  },
];

for (const { name, deed, says, retryable, asked, stream = false } of faults) {
  test(`[G10] a server with ${name} is a failure with a stable text`, async (context) => {
    const { server, adapter } = await opened(context, { deed: () => deed });
    const { answer } = await ask(adapter, adapterRequest({ ...hello, stream }));
    assert.ok(!answer.ok);
    assert.equal(answer.code, "FAILED");
    assert.ok(answer.message.includes(says), answer.message);
    assert.ok(!answer.message.includes("127.0.0.1") && !answer.message.includes(key));
    assert.equal(answer.retryable, retryable);
    assert.equal(server.asked.length, asked);
  });
}

test("a server that is gone refuses connections", async (context) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo; // of a server that listens on a port
  await new Promise((resolve) => taken.close(resolve));
  const setup = setupOf(`http://127.0.0.1:${port}/v1`, { timeoutMs: 60_000 });
  const adapter = await createAdapter(setup, adapterSurroundings("/nowhere", { key }));
  context.after(() => adapter.close?.());
  const { value } = await ask(adapter, adapterRequest(hello));
  const message = 'the server of model "writer" refuses connections';
  assert.deepEqual(value, { code: "FAILED", message, retryable: true });
});

test("what passes is tried again, after the pause that the server asks for", async (context) => {
  const deeds: readonly ServerDeed[] = [
    { do: "status", status: 429, headers: { "retry-after": "0" } },
    { do: "status", status: 503 },
    { do: "close" },
  ];
  const { server, adapter } = await opened(context, { deed: (index) => deeds[index] ?? { do: "pass" } });
  const { value } = await ask(adapter, adapterRequest(hello));
  assert.equal((value as { text: string }).text, "tiny heard: hello there");
  assert.equal(server.asked.length, 4);
});

test("a server that hangs is a timeout; a caller that leaves is heard at once", async (context) => {
  const hung = await opened(context, { deed: () => ({ do: "hang" }) }, { timeoutMs: 50 });
  const { value } = await ask(hung.adapter, adapterRequest(hello));
  assert.deepEqual(value, { code: "TIMEOUT", message: "no answer within 50 ms", retryable: true });

  const { server, adapter } = await opened(context, { deed: () => ({ do: "hang" }) }, { concurrency: 1 });
  const leaving = new AbortController();
  const first = ask(adapter, adapterRequest(hello), leaving.signal);
  const second = ask(adapter, adapterRequest(hello), leaving.signal);
  while (server.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  leaving.abort();
  const outcomes = await Promise.allSettled([first, second]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.equal(server.asked.length, 1, "the one that waited for its turn was never sent");
});

test("no more requests than allowed are under way; each gets its own answer", async (context) => {
  const { server, adapter } = await opened(
    context,
    { deed: () => ({ do: "gather", count: 3 }) },
    { concurrency: 3 },
  );
  const texts = Array.from({ length: 12 }, (_item, index) => `m${index}`);
  const heard = await Promise.all(
    texts.map((content) => ask(adapter, adapterRequest({ messages: [{ role: "user", content }] }))),
  );
  assert.deepEqual(
    heard.map(({ value }) => (value as { text: string }).text),
    texts.map((content) => `tiny heard: ${content}`),
  );
  assert.equal(server.atOnce(), 3);
});

test("[G10] what is no request to a model is refused before anybody is asked", async (context) => {
  const { server, adapter } = await opened(context);
  const requests = [
    adapterRequest({ messages: [] }),
    adapterRequest({ messages: ["hello"] }),
    adapterRequest({ prompt: "hello" }),
    adapterRequest({ input: [1, 2] }),
    adapterRequest(null, { payload: Uint8Array.of(0x7b) }),
    adapterRequest(null, { encoding: 2 }),
  ];
  for (const request of requests) {
    const { answer } = await ask(adapter, request);
    assert.ok(!answer.ok && answer.code === "BAD_INPUT");
  }
  assert.equal(server.asked.length, 0);
});

test("[G10] a key that no header can carry stops the world and is not shown", async () => {
  const setup = setupOf("http://127.0.0.1:1/v1");
  await assert.rejects(
    async () => createAdapter(setup, adapterSurroundings("/nowhere", { key: "sk-two\nlines" })),
    (error) => EngineError.is(error) && error.code === "WE_MODEL_KEY" && !error.message.includes("sk-two"),
  );
});

test("identity is the server, its model and the parameters; nothing else", () => {
  const base = setupOf("http://127.0.0.1:1/v1");
  assert.equal(openAiIdentity({ ...base, timeoutMs: 1, concurrency: 9, secrets: {} }), openAiIdentity(base));
  for (const other of [
    { url: "http://127.0.0.1:2/v1" },
    { model: "big" },
    { parameters: { temperature: 0 } },
  ]) {
    assert.notEqual(openAiIdentity({ ...base, ...other }), openAiIdentity(base));
  }
});

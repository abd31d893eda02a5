/** What JavaScript agents have, against a plain host: the platform, cancelling, conversations, message types, state that moves. */

import assert from "node:assert/strict";
import test from "node:test";
import { MessageFlag, MessageKind } from "@wasm-engine/abi";
import { buildJavaScriptAgent, quickJsBase } from "@wasm-engine/sdk-javascript";
import { PlainHost, jsonOf } from "./testing/plain-host.js";
import type { Asked } from "./testing/plain-host.js";

function agentOf(body: string): PlainHost {
  const source = `import { AgentError, defineAgent } from "wasm-engine/agent"; ${body}`;
  const host = new PlainHost(new WebAssembly.Module(buildJavaScriptAgent(source, "a.js", quickJsBase())));
  host.handles.set("critic", 5);
  return host.start();
}

/** An agent with all capabilities whose handler is `body`. */
const handling = (body: string): PlainHost =>
  agentOf(
    `defineAgent({ capabilities: ["models", "tools"], state: { n: 1 }, async onMessage(message, ctx) { ${body} } });`,
  );

const lines = (asked: readonly Asked[]): unknown[] =>
  asked.flatMap(({ call, text }) => (call === "log" ? [text] : []));
const valueOf = (expression: string): unknown =>
  lines(handling(`ctx.log(String(${expression}))`).receive({}))[0];
const cancelled = {
  kind: MessageKind.ANSWER,
  flags: 6,
  payload: { code: "CANCELLED", message: "cancelled" },
};

const waysToCode = [
  `(0, eval)("1")`,
  `globalThis["ev" + "al"]("1")`,
  `(() => 1).constructor("1")`,
  `(async () => 1).constructor("1")`,
  `(function* () {}).constructor("1")`,
  `(async function* () {}).constructor("1")`,
  `Reflect.construct(Object.getPrototypeOf(() => 1).constructor, ["1"])`,
  `new (class extends Function {})("1")`,
];
for (const way of waysToCode) {
  test(`code is not made at run time: ${way}`, () => {
    const host = handling(
      `try { ${way}; ctx.log("made"); } catch (error) { ctx.log(error instanceof AgentError, error.code); }`,
    );
    assert.deepEqual(lines(host.receive({})), ["true REFUSED"]);
  });
}

const values: readonly (readonly [string, string])[] = [
  [
    `[typeof WeakRef, typeof Atomics, typeof globalThis.FinalizationRegistry, typeof SharedArrayBuffer]`,
    "undefined,undefined,undefined,undefined",
  ],
  [`(() => 1) instanceof Function`, "true"],
  [`new TextDecoder().decode(new TextEncoder().encode("grüße 🦆"))`, "grüße 🦆"],
  [`new TextDecoder().decode(Uint8Array.of(0xff, 0x41, 0xe2, 0x82))`, "\uFFFDA\uFFFD"],
  [
    `new URL("../x?q=ü#f", "https://User@Example.com:443/a/b/c").href`,
    "https://User@example.com/a/x?q=%C3%BC#f",
  ],
  [`new URLSearchParams("a=1&b=2&a=3").getAll("a")`, "1,3"],
  [`URL.canParse("nope")`, "false"],
  [
    `JSON.stringify(structuredClone({ a: [new Date(5), { b: 1 }] }))`,
    `{"a":["1970-01-01T00:00:00.005Z",{"b":1}]}`,
  ],
  [
    `/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())`,
    "true",
  ],
  [`crypto.getRandomValues(new Uint16Array(4)).length`, "4"],
  [`AbortSignal.abort().reason.name`, "AbortError"],
  [`new Date().toISOString()`, "2001-01-01T00:00:00.000Z"],
  [`Date.now() === ctx.now`, "true"],
  [
    `await fetch("http://x").catch((error) => error.code + " " + error.message)`,
    "REFUSED an agent has no network: declare a tool and call it with ctx.tool",
  ],
  [`await new Promise((resolve) => queueMicrotask(() => resolve("later")))`, "later"],
];
for (const [expression, expected] of values) {
  test(`the platform has ${expression}`, () => assert.equal(valueOf(expression), expected));
}

test("timers are sleeps: exact once the length of a tick is known, cleared ones never fire", () => {
  const host = handling(`
    const began = ctx.tick;
    setTimeout((word) => ctx.log("fired", word, ctx.tick - began), 2500, "late");
    clearTimeout(setTimeout(() => ctx.log("never"), 1));
    let count = 0;
    const every = setInterval(() => { ctx.log("again"); if (++count === 2) clearInterval(every); }, 1000);`);
  const fire = (id: number, flags = 2): unknown[] => {
    const asked = host.receive({
      kind: MessageKind.TIMER,
      correlationId: id,
      flags,
      payload: { code: "CANCELLED" },
    });
    return asked.map(({ call, text, number }) => text ?? `${call} ${number}`);
  };
  assert.deepEqual(
    host.receive({}).map(({ call, number }) => `${call} ${number}`),
    ["schedule 1", "schedule 1", "cancel 2", "schedule 1"],
  );
  host.tick += 1;
  host.nanos += 1_000_000_000n;
  assert.deepEqual([fire(1), fire(2, 6), fire(3)], [["schedule 2"], [], ["schedule 1", "again"]]);
  assert.deepEqual(host.describe(), {
    state: { n: 1 },
    waiting: ["setTimeout until tick 10", "setInterval until tick 9"],
    queued: 0,
  });
  host.tick += 1;
  host.nanos += 1_000_000_000n;
  assert.deepEqual(fire(5), ["schedule 1", "again", "cancel 6"]);
  host.tick += 1;
  host.nanos += 1_000_000_000n;
  assert.deepEqual([fire(4), fire(6, 6)], [["fired late 3"], []]);
  assert.deepEqual(host.describe(), { state: { n: 1 }, waiting: [], queued: 0 });
});

for (const [how, body] of [
  ["cancel()", `const asked = ctx.ask("critic", 1); asked.cancel();`],
  [
    "a signal",
    `const controller = new AbortController(); const asked = ctx.ask("critic", 1, { signal: controller.signal }); controller.abort();`,
  ],
] as const) {
  test(`a request is cancelled by ${how}, its one answer rejects`, () => {
    const host = handling(
      `${body} try { await asked; } catch (error) { ctx.log(error instanceof AgentError, error.code); } asked.cancel();`,
    );
    const asked = host.receive({});
    assert.deepEqual(
      asked.map(({ call, number }) => [call, number]),
      [
        ["send", -1],
        ["cancel", 1],
      ],
    );
    assert.deepEqual(
      host.receive({ ...cancelled, correlationId: 1 }).map(({ call, text }) => text ?? call),
      ["true CANCELLED"],
    );
    assert.match(
      String(lines(host.receive({ ...cancelled, correlationId: 1 }))[0]),
      /nobody waits for the answer/,
    );
  });
}

test("an aborted signal keeps the request from being made", () => {
  const host = handling(
    `await ctx.sleep(1, { signal: AbortSignal.abort(new Error("no need")) }).catch((error) => ctx.log(error.message));`,
  );
  assert.deepEqual(
    host.receive({}).map(({ call, text }) => text ?? call),
    ["no need"],
  );
});

test("a conversation goes as JSON, parts come before the answer", () => {
  const host = handling(`
    const answer = await ctx.chat("writer", [{ role: "user", content: "hi" }], { maxTokens: 8, timeoutTicks: 9, onPart: (part) => ctx.log(part.text) });
    ctx.log(answer.text, answer.tokens);`);
  const [asked] = host.receive({});
  assert.deepEqual(
    [asked?.call, asked?.number, jsonOf(asked)],
    ["infer", 9, { messages: [{ role: "user", content: "hi" }], maxTokens: 8, stream: true }],
  );
  const part = { kind: MessageKind.TOKEN, correlationId: 1, flags: 0, payload: { text: "he" } };
  assert.deepEqual(lines(host.receive(part)), ["he"]);
  const last = {
    kind: MessageKind.INFERENCE,
    correlationId: 1,
    flags: 2,
    payload: { text: "hello", tokens: 2 },
  };
  assert.deepEqual(lines(host.receive(last)), ["hello 2"]);
});

test("without onPart no parts are asked for, and one that comes is not the answer", () => {
  const host = handling(`
    const answer = await ctx.chat("writer", [{ role: "user", content: "hi" }]);
    ctx.log(answer.text);`);
  const [asked] = host.receive({});
  assert.deepEqual(jsonOf(asked), { messages: [{ role: "user", content: "hi" }] });
  const part = { kind: MessageKind.TOKEN, correlationId: 1, flags: 0, payload: { text: "he" } };
  assert.deepEqual(lines(host.receive(part)), []);
  const last = { kind: MessageKind.INFERENCE, correlationId: 1, flags: 2, payload: { text: "hello" } };
  assert.deepEqual(lines(host.receive(last)), ["hello"]);
});

const typed = `defineAgent({
  messages: {
    question: {
      type: "object", required: ["text"], additionalProperties: false,
      properties: { text: { type: "string", minLength: 2, pattern: "^[a-z]+$" }, tags: { type: "array", items: { $ref: "#/$defs/tag" }, uniqueItems: true }, level: { anyOf: [{ type: "integer", minimum: 1 }, { const: null }] } },
      $defs: { tag: { enum: ["a", "b"] } },
    },
    order: { "~standard": { version: 1, vendor: "test", validate: (value) => value.count > 0 ? { value: { ...value, checked: true } } : { issues: [{ message: "too few", path: ["count"] }] } } },
  },
  onMessage: (message, ctx) => ctx.log(message.topic, message.body),
});`;
const bodies: readonly (readonly [string, object | string, string | undefined])[] = [
  ["question", { text: "why", tags: ["a", "b"], level: null }, undefined],
  ["question", { text: "why", level: 3 }, undefined],
  ["question", {}, `body: "text" is missing`],
  ["question", [], "body: expected object, got array"],
  ["question", { text: 7 }, "body.text: expected string, got integer"],
  ["question", { text: "x" }, "body.text: expected at least 2 characters, got 1"],
  ["question", { text: "WHY" }, "body.text: expected text that matches ^[a-z]+$"],
  ["question", { text: "why", more: 1 }, `body: "more" is not known`],
  ["question", { text: "why", tags: ["c"] }, `body.tags.0: expected one of ["a","b"]`],
  ["question", { text: "why", tags: ["a", "a"] }, "body.tags: expected items that differ"],
  ["question", { text: "why", level: 0 }, "body.level: none of the forms that are allowed fits"],
  ["question", "{", "body: not JSON"],
  ["order", { count: 0 }, "body.count: too few"],
];
for (const [topic, payload, complaint] of bodies) {
  test(`[G10] a declared message is checked when it comes: ${JSON.stringify(payload)}`, () => {
    const host = agentOf(typed);
    const asked = host.receive({ topic, payload, flags: MessageFlag.ANSWER_WANTED, messageId: 3 });
    if (complaint === undefined)
      return assert.deepEqual(lines(asked), [`${topic} ${JSON.stringify(payload)}`]);
    const [answer, ...others] = asked;
    assert.deepEqual([answer?.message?.flags, answer?.message?.correlationId, others], [6, 3, []]);
    const { code, message, issues } = jsonOf(answer) as { code: string; message: string; issues: unknown[] }; // as checked here
    assert.equal(code, "BAD_MESSAGE");
    assert.ok(message.endsWith(complaint), message);
    assert.ok(issues.length > 0);
    assert.match(String(lines(host.receive({ topic, payload }))[0]), /is not of its declared type/);
  });
}

test("a schema library's value goes on; topics without a type are not checked", () => {
  const host = agentOf(typed);
  assert.deepEqual(lines(host.receive({ topic: "order", payload: { count: 2 } })), [
    `order {"count":2,"checked":true}`,
  ]);
  assert.deepEqual(lines(host.receive({ topic: "other", payload: [1] })), ["other [1]"]);
});

function exported(host: PlainHost): { readonly pointer: number; readonly text: string } {
  const pointer = host.exports.agent_export_state?.() ?? 0;
  return {
    pointer,
    text: pointer < 0 ? String(lines(host.taken())[0]) : Buffer.from(host.block(pointer)).toString(),
  };
}

function imported(host: PlainHost, text: string): { readonly code: number; readonly said: string } {
  const bytes = Buffer.from(text);
  const pointer = host.exports.agent_alloc(bytes.length + 4);
  new DataView(host.exports.memory.buffer).setUint32(pointer, bytes.length, true);
  new Uint8Array(host.exports.memory.buffer).set(bytes, pointer + 4);
  return { code: host.exports.agent_import_state?.(pointer) ?? 0, said: String(lines(host.taken())[0]) };
}

const counting = (more: string, state = "{ n: 1 }"): PlainHost =>
  agentOf(
    `defineAgent({ state: ${state}, ${more} onMessage(message, ctx) { ctx.state.n += 1; ctx.log(ctx.state); } });`,
  );

test("the state moves as it is, and new members start as declared", () => {
  const old = counting("");
  old.receive({});
  const { text } = exported(old);
  assert.equal(text, `{"version":0,"state":{"n":2}}`);
  const next = counting("", `{ n: 0, seen: [] }`);
  assert.equal(imported(next, text).code, 0);
  assert.deepEqual(lines(next.receive({})), [`{"n":3,"seen":[]}`]);
});

test("another version's state goes through migrate; without one it is refused", () => {
  const { text } = exported(counting("version: 1,"));
  const next = counting(`version: 2, migrate: (state, from) => ({ n: state.n * 10, from }),`);
  assert.equal(imported(next, text).code, 0);
  assert.deepEqual(lines(next.receive({})), [`{"n":11,"from":1}`]);
  const { code, said } = imported(counting("version: 3,"), text);
  assert.equal(code, -3);
  assert.match(said, /the state is of version 1, this is version 3: define migrate/);
  assert.match(
    imported(counting(`version: 3, migrate() { throw new Error("cannot"); },`), text).said,
    /cannot/,
  );
});

const notPlain: readonly (readonly [string, string])[] = [
  [`ctx.state.list = [1, { f: () => 1 }]`, "state.list[1].f is a function"],
  [`ctx.state.s = Symbol("x")`, "state.s is a symbol"],
  [`ctx.state.self = { up: ctx.state }`, "state.self.up contains itself"],
  [`ctx.state.seen = new Map()`, "state.seen is a Map"],
  [`ctx.state.big = 1n`, "state.big is a bigint"],
  [`ctx.state.n = NaN`, "state.n is NaN"],
  [`ctx.state[Symbol("k")] = 1`, "state has a symbol as key"],
];
for (const [change, complaint] of notPlain) {
  test(`a state that is more than plain data does not move: ${change}`, () => {
    const host = handling(change);
    host.receive({});
    const { pointer, text } = exported(host);
    assert.equal(pointer, -3);
    assert.ok(text.includes(`the state is not plain data: ${complaint}`), text);
  });
}

test("nothing moves while something is suspended, and what it is is named", () => {
  const host = handling(`await Promise.all([ctx.ask("critic", 1), ctx.sleep(4), ctx.tool("search", 1)]);`);
  host.receive({});
  assert.match(
    exported(host).text,
    /not while something is suspended: ask critic since tick 7, sleep until tick 11, tool search since tick 7/,
  );
  const lost = handling(`await new Promise(() => {});`);
  lost.receive({});
  assert.match(exported(lost).text, /suspended: a promise that no request settles/);
});

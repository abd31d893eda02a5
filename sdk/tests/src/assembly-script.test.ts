/** The AssemblyScript SDK against a plain host: messages both ways, JSON, text, sizes, memory. */

import assert from "node:assert/strict";
import test from "node:test";
import { Encoding, MessageFlag, MessageKind, Refusal } from "@wasm-engine/abi";
import fc from "fast-check";
import { compileAssemblyScript } from "./testing/assembly-script.js";
import { anyNumberText, anyObject, brokenJson, isJson } from "./testing/json-texts.js";
import { PlainHost, jsonOf, textOf, topicOf } from "./testing/plain-host.js";

const bytes = await compileAssemblyScript("sdk/tests/guests/probe.ts");
const probe = new WebAssembly.Module(bytes);
const seed = Number(process.env["SEED"] ?? 20_261_121);
const repeat = `SEED=${seed} node --test sdk/tests/dist/assembly-script.test.js`;

function started(): PlainHost {
  const host = new PlainHost(probe);
  host.handles.set("critic", 2 ** 53 - 1);
  return host.start();
}

test("imports nothing but the host functions", () => {
  for (const name of started().imports) assert.match(name, /^wasm_engine\./);
});

test("two compilations give the same bytes", async () => {
  assert.deepEqual(await compileAssemblyScript("sdk/tests/guests/probe.ts"), bytes);
});

test("every kind of delivery reaches its handler", () => {
  const host = started();
  const lines = [
    host.receive({ kind: MessageKind.START, payload: { name: "prüfer" } }),
    host.receive({ kind: MessageKind.ANSWER, correlationId: 5, flags: MessageFlag.LAST_PART, payload: {} }),
    host.receive({
      kind: MessageKind.TOKEN,
      correlationId: 2 ** 53 - 1,
      payload: "a",
      encoding: Encoding.TEXT,
    }),
    host.receive({ kind: MessageKind.TOOL, correlationId: 1, flags: 6, payload: { code: "TIMEOUT" } }),
    host.receive({ kind: MessageKind.TIMER, topic: "later", payload: "tea" }),
    host.step({ kind: MessageKind.TASK, topic: "t1" }),
    host.step({ kind: MessageKind.CADENCE, tick: 2 ** 40 }),
    host.receive({ kind: MessageKind.STOP }),
  ].map(([asked]) => asked?.text);
  assert.equal(host.exports.agent_shutdown(), 0);
  lines.push(host.taken()[0]?.text);
  assert.deepEqual(lines, [
    "start prüfer",
    "answer 5  last",
    "answer 9007199254740991 ",
    "answer 1 TIMEOUT last",
    "timer later tea",
    "task t1",
    "cadence 1099511627776",
    "stop",
    "shutdown",
  ]);
});

test("every host function is called with what the author gave", () => {
  const asked = started().receive({ topic: "calls" });
  assert.deepEqual(
    asked.map(({ call, requestId }) => [call, requestId]),
    [
      ["send", 1],
      ["send", 0],
      ["publish", 0],
      ["join", 0],
      ["leave", 0],
      ["schedule", 2],
      ["schedule", 3],
      ["cancel", 0],
      ["infer", 4],
      ["call_tool", 5],
      ["spawn", 6],
      ["log", 0],
      ["log", 0],
      ["log", 0],
      ["log", 0],
      ["exit", 0],
    ],
  );
  const [question, text, published, joined, , timer, task, cancelled, inferred, tool, spawned] = asked;
  assert.equal(question?.number, 30);
  assert.equal(question?.message?.peer, 2 ** 53 - 1);
  assert.equal(question?.message?.flags, MessageFlag.ANSWER_WANTED);
  assert.deepEqual(jsonOf(question), { x: 0.5 });
  assert.equal(text?.message?.encoding, Encoding.TEXT);
  assert.equal(textOf(text), "grüße 🦆");
  assert.equal(topicOf(published), "news");
  assert.deepEqual(jsonOf(published), [1, 2]);
  assert.equal(joined?.text, "news");
  assert.deepEqual(
    [timer?.message?.kind, timer?.number, topicOf(timer), textOf(timer)],
    [5, 12, "later", "tea"],
  );
  assert.deepEqual([task?.message?.kind, task?.number, jsonOf(task)], [8, 3, { taskId: "t1" }]);
  assert.equal(cancelled?.number, 1);
  assert.deepEqual(inferred?.message?.payload, new Uint8Array(3));
  assert.equal(tool?.number, -1);
  assert.equal(spawned?.text, '{"id":"child"}');
  assert.deepEqual(
    asked.slice(11).map(({ text: line, number }) => line ?? number),
    ["handle 4242", "random", "70000", "tick 7 time 978307200000000000", 3],
  );
});

test("answers carry the asker's handle and message id", () => {
  const [answer] = started().receive({ topic: "echo", messageId: 77, peer: 12, flags: 1, payload: { a: 1 } });
  assert.equal(answer?.message?.kind, MessageKind.ANSWER);
  assert.equal(answer?.message?.correlationId, 77);
  assert.equal(answer?.message?.peer, 12);
  assert.equal(answer?.message?.flags, MessageFlag.LAST_PART);
  assert.deepEqual(jsonOf(answer), { a: 1 });
});

for (const size of [0, 1, 7, 8, 9, 65_536, 1_048_576 - 64]) {
  test(`a payload of ${size} bytes comes back reversed`, () => {
    const payload = new Uint8Array(size).map((_, index) => index * 7);
    const [answer] = started().receive({ topic: "bytes", payload });
    assert.deepEqual(answer?.message?.payload, payload.toReversed());
  });
}

test("any JSON object survives reading and writing", () => {
  const host = started();
  fc.assert(
    fc.property(anyObject, (object) => {
      const text = JSON.stringify(object);
      const [answer] = host.receive({ topic: "json", payload: text });
      const { copy, length } = jsonOf(answer) as { copy: unknown; length: number }; // the probe's form
      assert.equal(JSON.stringify(copy), JSON.stringify(JSON.parse(text)), repeat);
      assert.equal(length, Object.keys(object as object).length); // generated as an object
    }),
    { seed, numRuns: 500 },
  );
});

test("malformed JSON is told from JSON as JavaScript tells it", () => {
  const host = started();
  fc.assert(
    fc.property(brokenJson, (payload) => {
      const [answer] = host.receive({ topic: "json", payload });
      assert.equal(
        (answer?.message?.flags ?? 0) & MessageFlag.ERROR,
        isJson(payload) ? 0 : MessageFlag.ERROR,
        repeat,
      );
    }),
    { seed, numRuns: 3000 },
  );
});

test("numbers read as JavaScript reads them", () => {
  const host = started();
  fc.assert(
    fc.property(anyNumberText, (text) => {
      const [answer] = host.receive({ topic: "json", payload: `{"a":${text}}` });
      const expected = JSON.parse(
        JSON.stringify({ copy: { a: Number(text) }, length: 1, hasA: true }),
      ) as unknown;
      assert.deepEqual(jsonOf(answer), expected, `${text}: ${repeat}`);
    }),
    { seed, numRuns: 3000 },
  );
});

test("the last of equal keys wins, escaped keys are found", () => {
  const payload = '{"a":1, "\\u0061" : 2}';
  const [answer] = started().receive({ topic: "json", payload });
  assert.deepEqual(jsonOf(answer), { copy: { a: 2 }, length: 2, hasA: true });
});

test("a failing handler returns its code, the next invocation starts clean", () => {
  const host = started();
  assert.equal(host.receiveCode({ topic: "fail", payload: "123" }), -3);
  assert.equal(host.receiveCode({ topic: "echo" }), 0);
  assert.throws(() => host.receiveCode({ topic: "trap" }), WebAssembly.RuntimeError);
});

test("a kept message traps instead of showing other bytes", () => {
  const host = started();
  host.receive({ topic: "keep", payload: "secret" });
  assert.throws(() => host.receiveCode({ topic: "kept" }), WebAssembly.RuntimeError);
});

test("refusals come back as numbers", () => {
  const host = started();
  host.refusal = Refusal.LIMIT;
  host.receiveCode({ topic: "calls" });
  host.refusal = undefined;
  assert.equal(host.receive({ topic: "refused" })[1]?.text, `${Refusal.NOT_FOUND}0`);
});

test("describe, export and import", () => {
  const host = started();
  host.receive({ topic: "echo" });
  host.receive({ topic: "echo" });
  host.taken();
  assert.deepEqual(host.describe(), { seen: 2, view: { label: "probe" } });
  const exported = host.block(host.exports.agent_export_state?.() ?? 0);
  assert.deepEqual(exported, new Uint8Array([2]));
  const upgraded = started();
  const place = (payload: Uint8Array): number => {
    const pointer = upgraded.exports.agent_alloc(4 + payload.length);
    new Uint8Array(upgraded.exports.memory.buffer).set([payload.length, 0, 0, 0, ...payload], pointer);
    return pointer;
  };
  assert.equal(upgraded.exports.agent_import_state?.(place(exported)), 0);
  assert.deepEqual(upgraded.describe(), { seen: 2, view: { label: "probe" } });
  assert.equal(upgraded.exports.agent_import_state?.(place(new Uint8Array(9))), -1);
});

test("memory stays flat over 100000 messages", () => {
  const host = started();
  const payload = { a: 1.5, text: "grüße", list: [1, 2, 3] };
  for (let count = 0; count < 1000; count++) host.receive({ topic: "json", payload });
  const before = host.memoryBytes;
  for (let count = 0; count < 100_000; count++) host.receive({ topic: "json", payload });
  assert.equal(host.memoryBytes, before);
  assert.ok(before <= 4 * 65_536, `${before} bytes`);
});

/** The C SDK against a plain host: messages both ways, JSON, numbers, text, sizes, memory. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Encoding, MessageFlag, MessageKind } from "@wasm-engine/abi";
import fc from "fast-check";
import { anyNumberText, anyObject, brokenJson, isJson } from "./testing/json-texts.js";
import { PlainHost, jsonOf, textOf, topicOf } from "./testing/plain-host.js";
import { repositoryRoot } from "./testing/repository.js";

const probe = new WebAssembly.Module(readFileSync(`${repositoryRoot}/sdk/tests/guests/probe.wasm`));
const seed = Number(process.env["SEED"] ?? 20_261_121);
const repeat = `SEED=${seed} node --test sdk/tests/dist/c.test.js`;

function started(): PlainHost {
  const host = new PlainHost(probe);
  host.handles.set("critic", 2 ** 53 - 1);
  return host.start();
}

test("imports nothing but the host functions", () => {
  for (const name of started().imports) assert.match(name, /^wasm_engine\./);
});

test("every kind of delivery reaches its handler", () => {
  const host = started();
  const lines = [
    host.receive({ kind: MessageKind.START, payload: { name: 'prüfer "1"' } }),
    host.receive({ kind: MessageKind.ANSWER, correlationId: 5, flags: 6, payload: {} }),
    host.receive({ kind: MessageKind.INFERENCE, correlationId: 6 }),
    host.receive({ kind: MessageKind.TIMER, payload: "tee 🍵" }),
    host.step({ kind: MessageKind.TASK, topic: "t1" }),
    host.step({ kind: MessageKind.CADENCE, tick: 2 ** 40 }),
    host.receive({ kind: MessageKind.STOP }),
  ].map(([asked]) => asked?.text);
  assert.equal(host.exports.agent_shutdown(), 0);
  lines.push(host.taken()[0]?.text);
  assert.deepEqual(lines, [
    'prüfer "1"',
    "error answer",
    "answer",
    "tee 🍵",
    "t1",
    "cadence",
    "stop",
    "shutdown",
  ]);
});

test("every host function is called with what the author gave", () => {
  const asked = started().receive({ topic: "calls" });
  const calls = asked.map(({ call, requestId }) => `${call} ${requestId}`);
  assert.deepEqual(calls.slice(0, 11), [
    "send 1",
    "send 0",
    "publish 0",
    "join 0",
    "leave 0",
    "schedule 2",
    "schedule 3",
    "cancel 0",
    "infer 4",
    "call_tool 5",
    "spawn 6",
  ]);
  const [question, text, published, , , timer, task, cancelled, inferred, tool] = asked;
  assert.deepEqual([question?.number, question?.message?.peer], [30, 2 ** 53 - 1]);
  assert.equal(question?.message?.flags, MessageFlag.ANSWER_WANTED);
  assert.deepEqual(jsonOf(question), { x: 0.5 });
  assert.deepEqual([text?.message?.encoding, textOf(text)], [Encoding.TEXT, "grüße 🦆"]);
  assert.deepEqual([topicOf(published), jsonOf(published)], ["news", [1, 2]]);
  assert.deepEqual(
    [timer?.message?.kind, timer?.number, topicOf(timer), textOf(timer)],
    [5, 12, "later", "tea"],
  );
  assert.deepEqual([task?.message?.kind, task?.number, jsonOf(task)], [8, 3, { taskId: "t1" }]);
  assert.deepEqual([cancelled?.number, tool?.number], [1, -1]);
  assert.deepEqual(inferred?.message?.payload, new Uint8Array(3));
  assert.deepEqual(
    asked.slice(11).map(({ text: line, number }) => line ?? number),
    ["handle 4242", "random", "time", "overflow", "nobody", 3],
  );
});

test("answers carry the asker's handle and message id", () => {
  const [answer] = started().receive({ topic: "echo", messageId: 77, peer: 12, flags: 1, payload: { a: 1 } });
  assert.equal(answer?.message?.kind, MessageKind.ANSWER);
  assert.deepEqual([answer?.message?.correlationId, answer?.message?.peer], [77, 12]);
  assert.equal(answer?.message?.flags, MessageFlag.LAST_PART);
  assert.deepEqual([answer?.message?.encoding, jsonOf(answer)], [Encoding.JSON, { a: 1 }]);
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
      const { copy } = jsonOf(answer) as { copy: unknown }; // the probe's form
      assert.equal(JSON.stringify(copy), JSON.stringify(JSON.parse(text)), repeat);
    }),
    { seed, numRuns: 500 },
  );
});

test("malformed JSON is told from JSON as JavaScript tells it", () => {
  const host = started();
  fc.assert(
    fc.property(brokenJson, (payload) => {
      const [answer] = host.receive({ topic: "json", payload });
      const flags = (answer?.message?.flags ?? 0) & MessageFlag.ERROR;
      assert.equal(flags, isJson(payload) ? 0 : MessageFlag.ERROR, `${payload}: ${repeat}`);
    }),
    { seed, numRuns: 3000 },
  );
});

test("numbers read and are written as JavaScript does it", () => {
  const host = started();
  fc.assert(
    fc.property(anyNumberText, (text) => {
      const [answer] = host.receive({ topic: "json", payload: `{"a":${text}}` });
      const expected = JSON.parse(JSON.stringify({ copy: { a: Number(text) }, a: Number(text) })) as unknown;
      assert.deepEqual(jsonOf(answer), expected, `${text}: ${repeat}`);
    }),
    { seed, numRuns: 3000 },
  );
});

test("numbers of up to 15 digits are written as JavaScript writes them", () => {
  const host = started();
  const number = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -40, max: 40 }));
  fc.assert(
    fc.property(number, ([mantissa, power]) => {
      const value = Number(`${Math.trunc(mantissa / 100)}e${power}`);
      const [answer] = host.receive({ topic: "json", payload: JSON.stringify({ a: value }) });
      const written = JSON.stringify(value + 0);
      assert.equal(textOf(answer), `{"copy":{"a":${written}},"a":${written}}`, repeat);
    }),
    { seed, numRuns: 2000 },
  );
});

test("the last of equal keys wins, escaped keys are found", () => {
  const [answer] = started().receive({ topic: "json", payload: '{"a":1, "\\u0061" : 2}' });
  assert.equal((jsonOf(answer) as { a: number }).a, 2); // the probe's form
});

test("logarithm and exponential are within two units in the last place", () => {
  const host = started();
  fc.assert(
    fc.property(fc.double({ min: 1e-310, max: 700, noNaN: true }), (x) => {
      const [answer] = host.receive({ topic: "math", payload: { x } });
      const { ln, exp, sqrt } = jsonOf(answer) as { ln: number; exp: number; sqrt: number }; // the probe's form
      assert.ok(Math.abs(ln - Math.log(x)) <= Math.abs(Math.log(x)) * 4.5e-16, `ln ${x}: ${ln}: ${repeat}`);
      assert.ok(Math.abs(exp - Math.exp(x)) <= Math.exp(x) * 4.5e-16, `exp ${x}: ${exp}: ${repeat}`);
      assert.equal(sqrt, Math.sqrt(x), repeat);
    }),
    { seed, numRuns: 3000 },
  );
});

test("a failing handler returns its code, the next invocation starts clean", () => {
  const host = started();
  assert.equal(host.receiveCode({ topic: "fail" }), -3);
  assert.equal(host.receiveCode({ topic: "echo" }), 0);
  assert.deepEqual(host.describe(), { seen: -2 });
});

test("memory stays flat over 100000 messages", () => {
  const host = started();
  const payload = { a: 1.5, text: "grüße", list: [1, 2, 3] };
  host.receive({ topic: "bytes", payload: new Uint8Array(1_000_000) });
  const before = host.memoryBytes;
  for (let count = 0; count < 100_000; count++) host.receive({ topic: "json", payload });
  assert.equal(host.memoryBytes, before);
});

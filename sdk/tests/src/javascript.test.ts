/** The JavaScript SDK on the QuickJS base against a plain host: promises over ticks, errors, text, sizes, memory. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Encoding, MessageFlag, MessageKind } from "@wasm-engine/abi";
import { buildAgent, buildJavaScriptAgent, quickJsBase } from "@wasm-engine/sdk-javascript";
import { PlainHost, jsonOf, textOf, topicOf } from "./testing/plain-host.js";
import type { Asked, Delivery } from "./testing/plain-host.js";
import { repositoryRoot } from "./testing/repository.js";

const entry = `${repositoryRoot}/sdk/tests/guests/probe.js`;
const { bytes } = await buildAgent({ entry });
const probe = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>); // never shared memory

function started(): PlainHost {
  const host = new PlainHost(probe);
  host.handles.set("critic", 2 ** 53 - 1);
  return host.start();
}

function lines(asked: readonly Asked[]): (string | undefined)[] {
  return asked.map(({ text }) => text);
}

function agentOf(body: string): PlainHost {
  const source = `import { defineAgent } from "wasm-engine/agent"; ${body}`;
  return new PlainHost(new WebAssembly.Module(buildJavaScriptAgent(source, "a.js", quickJsBase()))).start();
}

test("imports nothing but the host functions and exports the entry points", () => {
  for (const name of started().imports) assert.match(name, /^wasm_engine\./);
  assert.deepEqual(
    WebAssembly.Module.exports(probe)
      .map(({ name }) => name)
      .sort(),
    [
      "agent_alloc",
      "agent_describe",
      "agent_export_state",
      "agent_import_state",
      "agent_init",
      "agent_receive",
      "agent_shutdown",
      "agent_step",
      "memory",
    ],
  );
});

test("the same source gives the same bytes", async () => {
  assert.deepEqual((await buildAgent({ entry })).bytes, bytes);
});

test("a promise stays pending over invocations and settles with its answer", () => {
  const host = started();
  const [question] = host.receive({
    topic: "answered",
    messageId: 5,
    peer: 3,
    flags: MessageFlag.ANSWER_WANTED,
  });
  assert.deepEqual([question?.requestId, question?.number, topicOf(question)], [1, 30, "frage"]);
  assert.equal(question?.message?.peer, 2 ** 53 - 1);
  assert.deepEqual(jsonOf(question), { text: "grüße 🦆" });
  assert.deepEqual(host.describe(), {
    state: { answered: 0 },
    waiting: ["ask critic since tick 7"],
    queued: 0,
  });
  const memory = new Uint8Array(host.exports.memory.buffer).slice();
  for (const resumed of [host, copyOf(memory)]) {
    const answer: Delivery = {
      kind: MessageKind.ANSWER,
      correlationId: 1,
      flags: 2,
      peer: 8,
      payload: { ok: true },
    };
    const [timer] = resumed.receive(answer);
    assert.deepEqual([timer?.call, timer?.message?.kind, timer?.number], ["schedule", MessageKind.TIMER, 10]);
    const timerId = timer?.requestId ?? 0;
    // The copied host counts its requests anew, the guest takes whatever id it is given.
    const [reply] = resumed.receive({ kind: MessageKind.TIMER, correlationId: timerId, flags: 2 });
    assert.deepEqual([reply?.message?.correlationId, reply?.message?.peer], [5, 3]);
    assert.deepEqual(jsonOf(reply), { verdict: { ok: true }, from: 8 });
  }
});

/** Another instance with this memory: what a snapshot, a fork or a move does. */
function copyOf(memory: Uint8Array): PlainHost {
  const host = new PlainHost(probe);
  const pages = (memory.length - host.memoryBytes) / 65_536;
  if (pages > 0) host.exports.memory.grow(pages);
  new Uint8Array(host.exports.memory.buffer).set(memory);
  return host;
}

test("messages wait for the running handler, answers do not", () => {
  const host = started();
  host.receive({ topic: "answered" });
  assert.deepEqual(host.receive({ topic: "order" }), []);
  host.receive({ kind: MessageKind.ANSWER, correlationId: 1, flags: 2, payload: {} });
  const asked = host.receive({ kind: MessageKind.TIMER, correlationId: 2, flags: 2 });
  assert.deepEqual(lines(asked).slice(-1), ["after await"]);
});

test("error answers reject with a typed error, refusals throw one", () => {
  const host = started();
  host.receive({ topic: "refused" });
  const failure = { code: "TIMEOUT", message: "no answer in 600 ticks", retryable: true };
  assert.deepEqual(
    lines(host.receive({ kind: MessageKind.ANSWER, correlationId: 1, flags: 6, payload: failure })),
    [
      "true AgentError TIMEOUT true ask critic: no answer in 600 ticks",
      'NOT_FOUND there is no agent "nobody"',
    ],
  );
});

test("every kind of delivery reaches its handler", () => {
  const host = started();
  const said = [
    host.receive({ kind: MessageKind.START, payload: { name: "prüfer" } }),
    host.step({ kind: MessageKind.TASK, topic: "t1" }),
    host.step({ kind: MessageKind.CADENCE, tick: 2 ** 40 }),
    host.receive({ topic: "kind", payload: "plain ü", encoding: Encoding.TEXT }),
    host.receive({ topic: "kind", payload: new Uint8Array(3) }),
    host.receive({ kind: MessageKind.STOP }),
    host.receive({ kind: MessageKind.TOOL, correlationId: 99, flags: 2 }),
  ].flatMap(lines);
  assert.equal(host.exports.agent_shutdown(), 0);
  assert.deepEqual(
    [...said, ...lines(host.taken())],
    [
      ...["start prüfer", "task t1", "cadence 1099511627776", "0 string false", "0 object true", "stop"],
      ...["nobody waits for the answer to request 99", "shutdown"],
    ],
  );
});

test("every host function is called with what the author gave", () => {
  const asked = started().receive({ topic: "calls" });
  assert.deepEqual(
    asked.map(({ call, requestId }) => `${call} ${requestId}`),
    [
      ...["send 0", "publish 0", "join 0", "leave 0", "schedule 1", "infer 2", "call_tool 3", "spawn 4"],
      ...["log 0", "log 0", "log 0", "exit 0"],
    ],
  );
  const [sent, published, joined, , task, inferred, tool, spawned, ...said] = asked;
  assert.deepEqual(sent?.message?.payload, new Uint8Array([1, 2, 3]));
  assert.deepEqual(
    [sent?.message?.encoding, sent?.message?.peer, topicOf(sent)],
    [Encoding.BYTES, 9, "bytes"],
  );
  assert.deepEqual([topicOf(published), jsonOf(published), joined?.text], ["news", [1, 2], "news"]);
  assert.deepEqual([task?.message?.kind, task?.number, jsonOf(task)], [8, 3, { taskId: "t1" }]);
  assert.deepEqual(
    [inferred?.number, topicOf(inferred), tool?.number, topicOf(tool)],
    [0, "delay", -1, "search"],
  );
  assert.equal(spawned?.text, '{"id":"child"}');
  assert.deepEqual(
    said.map(({ text, number }) => text ?? number),
    ["4242 7 978307200000 9007199254740991 undefined", "70000", 'warned {"a":1}', 3],
  );
});

for (const topic of ["throw", "reject", "stray"]) {
  test(`an uncaught error faults the invocation and is logged with its stack: ${topic}`, () => {
    const host = started();
    assert.ok(host.receiveCode({ topic }) < 0);
    assert.match(
      host.taken()[0]?.text ?? "",
      /(TypeError: bad ü|RangeError: (later|stray))\n\s+at .*bundle-[0-9a-f]{8}\.js:\d+/,
    );
  });
}

test("a rejection that is handled within the invocation is no fault", () => {
  assert.deepEqual(lines(started().receive({ topic: "handled" })), ["caught later"]);
});

test("time is virtual, in UTC; loading sees neither clock nor agent's randomness", () => {
  const [line] = lines(started().receive({ topic: "loaded" }));
  assert.match(line ?? "", /^0 0\.\d+ sdk 2001-01-01T00:00:00\.000Z 0$/);
});

for (const size of [0, 1, 9, 65_536, 1_048_576 - 64]) {
  test(`a payload of ${size} bytes comes back reversed`, () => {
    const payload = new Uint8Array(size).map((_, index) => index * 7);
    const [answer] = started().receive({ topic: "reverse", payload });
    assert.deepEqual(answer?.message?.payload, payload.toReversed());
  });
}

test("JSON and text of any characters survive", () => {
  const host = started();
  const body = { ключ: ["\u0000", "🦆", "\u2028", "é".repeat(1000)], n: [0.1, 1e300, -0, 5e-324] };
  const [answer] = host.receive({ topic: "echo", payload: body });
  assert.equal(textOf(answer), JSON.stringify(body));
  const [empty] = host.receive({ topic: "echo" });
  assert.equal(textOf(empty), "null");
});

test("undeclared capabilities are not imported, and calling them says what to declare", () => {
  const host = agentOf(
    `defineAgent({ onMessage(_, ctx) { try { ctx.publish("x", 1); } catch (e) { ctx.log(e.message); } } })`,
  );
  for (const name of ["publish", "join", "leave", "infer", "call_tool", "spawn"]) {
    assert.ok(!host.imports.includes(`wasm_engine.${name}`), name);
  }
  assert.match(host.receive({})[0]?.text ?? "", /needs a capability: name it in `capabilities`/);
});

const unloadable: readonly (readonly [string, RegExp])[] = [
  ["let x = ;", /SyntaxError.*\n?.*a\.js:1/],
  ["throw new Error('at load')", /Error: at load[\s\S]*a\.js:1/],
  ["export const nothing = 1;", /does not call defineAgent/],
  ["await new Promise(() => {});", /waits for something at its top level/],
  ["import 'fs';", /could not load module/],
  [`import { defineAgent } from "wasm-engine/agent"; defineAgent({}); defineAgent({});`, /defines one agent/],
  [
    `import { defineAgent } from "wasm-engine/agent"; defineAgent({ capabilities: ["gpu"] });`,
    /capability "gpu"/,
  ],
];
for (const [source, message] of unloadable) {
  test(`a module that cannot be loaded is refused: ${source}`, () => {
    assert.throws(() => buildJavaScriptAgent(source, "a.js", quickJsBase()), {
      code: "WE_JAVASCRIPT_LOAD",
      message,
    });
  });
}

test("a base of other bytes is refused", () => {
  const build = (): unknown => buildJavaScriptAgent("1", "a.js", new Uint8Array(8));
  assert.throws(build, { code: "WE_JAVASCRIPT_BASE" });
});

test("committed assets are what the manifest says, none is larger than its kind may be", async () => {
  const manifest = JSON.parse(readFileSync(`${repositoryRoot}/assets/manifest.json`, "utf8")) as {
    assets: readonly { path: string; sha256: string; bytes: number }[];
  }; // our own file
  const { createHash } = await import("node:crypto");
  for (const asset of manifest.assets) {
    const content = readFileSync(`${repositoryRoot}/assets/${asset.path}`);
    assert.equal(createHash("sha256").update(content).digest("hex"), asset.sha256, asset.path);
    assert.equal(content.length, asset.bytes, asset.path);
    const mebibytesMax = asset.path.startsWith("models/") ? 6 : 1;
    assert.ok(content.length <= mebibytesMax * 1024 * 1024, `${asset.path} is at most ${mebibytesMax} MiB`);
  }
});

test("memory stays flat over 100000 messages", () => {
  const host = started();
  for (let count = 0; count < 2000; count++) host.receive({ topic: "allocate", payload: { count } });
  const before = host.memoryBytes;
  for (let count = 0; count < 100_000; count++) host.receive({ topic: "allocate", payload: { count } });
  assert.equal(host.memoryBytes, before);
});

/** Messages, answers, topics, timers and requests, one table entry each. */

import assert from "node:assert/strict";
import test from "node:test";
import { Encoding, FaultCode, MessageFlag, OUTSIDE, encodeUtf8 } from "@wasm-engine/abi";
import { actingWorld, seen } from "../testing/acting-world.js";
import { all, atStart, on } from "../testing/puppet.js";
import {
  ScriptWorld,
  agentId,
  genesis,
  handle,
  lifecycle,
  message,
  publish,
  spec,
} from "../testing/script-world.js";

test("[G1] a send of t is deliverable from t + 1, in plan order and emission order", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.send(handle("c"), { topic: "a1" });
      context.send(handle("c"), { topic: "a2" });
    }),
    b: atStart((context) => void context.send(handle("c"), { topic: "b1" })),
    c: undefined,
  });
  script.runUntil(5);
  assert.deepEqual(seen(script, "c"), ["1 MESSAGE a1", "1 MESSAGE a2", "1 MESSAGE b1"]);
});

test("[G1] mail committed at t - 1 comes before inputs of t", () => {
  const script = actingWorld({
    a: atStart((context) => void context.send(handle("b"), { topic: "mail" })),
    b: undefined,
  });
  script.step();
  script.step([message("b", "input")]);
  assert.deepEqual(seen(script, "b"), ["1 MESSAGE mail", "1 MESSAGE input"]);
});

test("an answer carries the request id and ends the request", () => {
  const script = actingWorld({
    a: atStart((context) => void context.send(handle("b"), { topic: "ask", payload: "?", wanted: true })),
    b: on("ask", (context, { message: question }) => {
      if (question !== undefined) context.answer(question, "yes");
    }),
  });
  script.runUntil(1000);
  assert.deepEqual(seen(script, "a"), ["2 ANSWER yes #1"]);
  assert.deepEqual(script.world.agent(agentId("a"))?.pendingRequests, []);
});

test("parts of an answer may follow each other; only the last one ends the request", () => {
  const script = actingWorld({
    a: atStart((context) => void context.send(handle("b"), { topic: "ask", wanted: true })),
    b: on("ask", (context, { message: question }) => {
      if (question === undefined) return;
      context.answer(question, "part", 0);
      context.answer(question, "last");
      context.answer(question, "late");
    }),
  });
  script.runUntil(1000);
  assert.deepEqual(seen(script, "a"), ["2 ANSWER part #1", "2 ANSWER last #1"]);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE a"]);
});

test("[G10] answers are accepted only from the agent that was asked", () => {
  const script = actingWorld({
    a: atStart((context) => void context.send(handle("b"), { topic: "ask", wanted: true, timeoutTicks: 5 })),
    b: undefined,
    thief: all(
      atStart((context) => void context.timer(1)),
      on("timer", (context) => {
        context.answer({ peer: handle("a"), messageId: 1 }, "forged");
      }),
    ),
  });
  script.runUntil(1000);
  assert.deepEqual(seen(script, "a"), ["5 ANSWER TIMEOUT #1!"]);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE a"]);
});

test("[G10] a late answer becomes a dead letter and the request stays answered once", () => {
  const script = actingWorld({
    a: atStart((context) => void context.send(handle("b"), { topic: "ask", wanted: true, timeoutTicks: 2 })),
    b: on("ask", (context, { message: question }) => {
      if (question === undefined) return;
      context.burn(3000);
      context.answer(question, "late");
    }),
  });
  script.runUntil(1000);
  assert.deepEqual(seen(script, "a"), ["2 ANSWER TIMEOUT #1!"]);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE a"]);
});

test("the default timeout is 600 ticks; 0 waits for ever and is answered when the callee ends", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.send(handle("b"), { wanted: true });
      context.send(handle("b"), { wanted: true, timeoutTicks: 0 });
    }),
    b: undefined,
  });
  script.runUntil(10_000);
  assert.deepEqual(seen(script, "a"), ["600 ANSWER TIMEOUT #1!"]);
  script.step([lifecycle("terminate", "b")], 10_001);
  script.runUntil(10_010);
  assert.deepEqual(seen(script, "a"), ["600 ANSWER TIMEOUT #1!", "10002 ANSWER UNDELIVERABLE #2!"]);
});

test("[G10] unknown receiver: error answer where one was wanted, dead letter always", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.send(12345, { topic: "lost", wanted: true });
      context.send(12345, { topic: "lost2" });
      context.send(OUTSIDE, { topic: "lost3" });
    }),
  });
  script.runUntil(10);
  assert.deepEqual(seen(script, "a"), ["1 ANSWER UNDELIVERABLE #1!"]);
  assert.deepEqual(script.deadLetters(), [
    "UNDELIVERABLE  lost",
    "UNDELIVERABLE  lost2",
    "UNDELIVERABLE  lost3",
  ]);
});

test("[G7] a full mailbox refuses at commit: answer where wanted, dead letter always", () => {
  const script = actingWorld(
    {
      a: atStart((context) => {
        for (const topic of ["1", "2", "3"]) context.send(handle("b"), { topic });
        context.send(handle("b"), { topic: "4", wanted: true });
      }),
      b: undefined,
    },
    { b: { limits: { mailboxMessages: 2 } } },
  );
  script.step();
  assert.equal(script.world.agent(agentId("b"))?.mailbox.length, 2);
  script.runUntil(10);
  assert.deepEqual(seen(script, "a"), ["1 ANSWER REFUSED #1!"]);
  assert.deepEqual(script.deadLetters(), ["MAILBOX_FULL b 3", "MAILBOX_FULL b 4"]);
});

test("[G7] mail that its owner reads in the same tick does not count against the limit", () => {
  const acts = { a: on("go", (context) => void context.send(handle("b"), { topic: "x" })), b: undefined };
  const script = actingWorld(acts, { b: { limits: { mailboxMessages: 1 } } });
  script.step();
  script.step([message("a", "go"), message("b", "full")]);
  script.runUntil(10);
  assert.deepEqual(seen(script, "b"), ["1 MESSAGE full", "2 MESSAGE x"]);
});

test("[G5] capabilities are decided at commit: refused answer or dead letter, prefixes and `*` grant", () => {
  const script = actingWorld(
    {
      a: atStart((context) => {
        context.send(handle("b"), { topic: "denied", wanted: true });
        context.send(handle("b"), { topic: "denied2" });
        context.send(handle("team.x"), { topic: "granted" });
        context.publish("secret");
        context.join("secret");
        context.infer("model");
        context.callTool("tool");
        context.spawn({ id: "child", module: "script" });
      }),
      b: undefined,
      "team.x": undefined,
    },
    { a: { capabilities: { send: ["team.*"], topics: [], models: [], tools: [], spawn: [] } } },
  );
  script.runUntil(10);
  assert.deepEqual(script.deadLetters(), [
    "DENIED b denied",
    "DENIED b denied2",
    "DENIED a secret",
    "DENIED a secret",
  ]);
  assert.deepEqual(seen(script, "team.x"), ["1 MESSAGE granted"]);
  const refused = [1, 2, 3, 4].map((requestId) => `1 ANSWER REFUSED #${requestId}!`);
  assert.deepEqual(seen(script, "a"), refused);
});

test("a publish of t goes to the members of t - 1, not to the publisher, and departs", () => {
  const script = actingWorld(
    {
      a: on("go", (context, { text }) => {
        context.publish("news", text);
        context.join("news");
      }),
      b: on("go", (context) => context.leave("news")),
      c: on("go", (context) => context.join("news")),
    },
    { b: { channels: ["news"] } },
  );
  script.step();
  const first = script.step([message("a", "go", "1"), message("b", "go"), message("c", "go")]);
  script.step([message("a", "go", "2")]);
  script.runUntil(10);
  assert.deepEqual(seen(script, "b"), ["1 MESSAGE go", "2 MESSAGE news 1"]);
  assert.deepEqual(seen(script, "c"), ["1 MESSAGE go", "3 MESSAGE news 2"]);
  assert.deepEqual(seen(script, "a"), ["1 MESSAGE go 1", "2 MESSAGE go 2"]);
  assert.deepEqual(
    first.departures.map(({ kind, topic }) => [kind, topic]),
    [["publish", "news"]],
  );
});

test("inputs publish and change memberships, effective at the seal", () => {
  const script = actingWorld({ a: undefined });
  script.step();
  script.step([{ kind: "join", agent: agentId("a"), topic: "news" }, publish("news", "early")]);
  script.step([{ kind: "leave", agent: agentId("a"), topic: "news" }, publish("news", "now")]);
  script.step([publish("news", "over")]);
  assert.deepEqual(seen(script, "a"), ["2 MESSAGE news now"]);
});

test("an outside question is answered once by a departure with the sequence of its input", () => {
  const script = actingWorld({
    a: on("ask", (context, { message: question }) => {
      if (question === undefined) return;
      context.answer(question, "42");
      context.answer(question, "again");
    }),
  });
  script.step();
  const result = script.step([message("a", "ask", "", true)]);
  assert.deepEqual(
    result.departures.map(({ kind, inputSeq, payload, flags }) => [
      kind,
      inputSeq,
      String.fromCharCode(...payload),
      flags,
    ]),
    [["answer", 1, "42", MessageFlag.LAST_PART]],
  );
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE"]);
});

test("[G10] an outside question to nobody, to a full mailbox or to an agent that ends departs as an error", () => {
  const script = actingWorld({ a: undefined }, { a: { limits: { mailboxMessages: 1 } } });
  script.step();
  script.step([lifecycle("pause", "a")]);
  script.step([message("nobody", "q", "", true), message("a", "q1", "", true), message("a", "q2", "", true)]);
  script.step([lifecycle("terminate", "a")]);
  const departures = script.results.flatMap((result) => result.departures);
  assert.deepEqual(
    departures.map(({ inputSeq, payload }) => [
      inputSeq,
      /"code":"(\w+)"/.exec(String.fromCharCode(...payload))?.[1],
    ]),
    [
      [2, "UNDELIVERABLE"],
      [4, "REFUSED"],
      [3, "UNDELIVERABLE"],
    ],
  );
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE nobody q", "MAILBOX_FULL a q2", "TERMINATED a q1"]);
});

test("timers come back after max(1, delay) ticks, ticks beyond 2^32 included", () => {
  const far = 2 ** 32 + 5;
  const script = actingWorld({
    a: all(
      atStart((context) => {
        context.timer(-7, "past");
        context.timer(0, "zero");
        context.timer(3, "three");
      }),
      on("far", (context) => void context.timer(2, "beyond")),
    ),
  });
  script.runUntil(100);
  assert.deepEqual(seen(script, "a"), ["1 TIMER past #1", "1 TIMER zero #2", "3 TIMER three #3"]);
  script.step([message("a", "far")], far);
  script.runUntil(far + 10);
  assert.deepEqual(seen(script, "a").slice(3), [`${far} MESSAGE far`, `${far + 2} TIMER beyond #4`]);
});

test("a timer of a long turn that would have been due before the turn landed is due next", () => {
  const script = actingWorld({
    a: on("go", (context) => {
      context.timer(1, "late");
      context.timer(9, "exact");
      context.burn(3000);
    }),
  });
  script.step();
  script.step([message("a", "go")]);
  script.runUntil(100);
  assert.deepEqual(seen(script, "a"), ["1 MESSAGE go", "5 TIMER late #1", "10 TIMER exact #2"]);
});

test("cancel ends any pending request with CANCELLED, once", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.timer(5);
      context.send(handle("b"), { wanted: true });
      context.infer("model");
      context.callTool("tool");
      context.task({ taskId: "t", agentId: "b" }, 50);
      for (let requestId = 1; requestId <= 6; requestId += 1) context.cancel(requestId);
    }),
    b: undefined,
  });
  script.runUntil(2000);
  assert.deepEqual(
    seen(script, "a"),
    [1, 2, 3, 4, 5].map((requestId) => `1 ANSWER CANCELLED #${requestId}!`),
  );
  assert.equal(script.world.nextDueTick(), undefined);
});

test("external requests leave with name and emission index; results come in by request id", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.log("first");
      context.infer("model", "prompt");
      context.callTool("tool", "call");
      context.infer("unknown", "prompt");
    }),
  });
  const { requests } = script.step();
  assert.deepEqual(
    requests.map(({ kind, name, requestId, emissionIndex }) => [kind, name, requestId, emissionIndex]),
    [
      ["inference", "model", 1, 1],
      ["tool", "tool", 2, 2],
    ],
  );
  const result = {
    kind: "result",
    agent: handle("a"),
    encoding: Encoding.TEXT,
    payload: encodeUtf8("r"),
  } as const;
  script.step([
    { ...result, requestId: 2, source: "tool", ok: false, last: true },
    { ...result, requestId: 1, source: "token", ok: true, last: false },
    { ...result, requestId: 1, source: "inference", ok: true, last: true },
    { ...result, requestId: 1, source: "inference", ok: true, last: true },
  ]);
  assert.deepEqual(seen(script, "a"), [
    "1 ANSWER REFUSED #3!",
    "1 TOKEN model r #1",
    "1 INFERENCE model r #1",
    "1 TOOL tool r #2!",
  ]);
  assert.deepEqual(script.deadLetters(), ["UNDELIVERABLE a"]);
});

test("a result in the tick of the deadline is in time", () => {
  const script = actingWorld({ a: atStart((context) => void context.infer("model", "", 3)) });
  script.step();
  const result = {
    kind: "result",
    agent: handle("a"),
    encoding: Encoding.TEXT,
    payload: encodeUtf8("r"),
  } as const;
  script.step([{ ...result, requestId: 1, source: "inference", ok: true, last: true }], 3);
  assert.deepEqual(seen(script, "a"), ["3 INFERENCE model r #1"]);
});

test("[G3] a second input with the same key within retainTicks is ignored", () => {
  const script = actingWorld({ a: undefined });
  script.step();
  script.step([message("a", "first")], 1, "k");
  script.step([message("a", "second")], 50, "k");
  script.step([message("a", "third")], 51, "k");
  assert.deepEqual(seen(script, "a"), ["1 MESSAGE first", "51 MESSAGE third"]);
  assert.deepEqual(script.deadLetters(), ["DUPLICATE a second"]);
});

test("[G6] an agent that drowns in answers to its own requests is ended with HOST_DENIED", () => {
  const limits = { fuelPerSlice: 1e9, fuelPerTurnMax: 1e9 };
  const script = new ScriptWorld(genesis([spec("a", { limits })]), (context) => {
    for (let count = 0; count < 3; count += 1) context.infer("no such model");
  });
  script.runUntil(200);
  assert.equal(script.status("a"), undefined);
  const faults = script.results.flatMap((result) => result.faults);
  assert.deepEqual(faults, [{ agentId: "a", code: FaultCode.HOST_DENIED, guestCode: 0 }]);
});

test("[G7] bytes that wait for an agent are bounded: refusals, error for a last answer", () => {
  const payload = "x".repeat(1_000_000);
  const script = actingWorld({
    a: on("go", (context) => {
      for (let count = 0; count < 70; count += 1) context.timer(9, "big", payload);
      context.send(handle("b"), { wanted: true });
    }),
    b: (context, { message: question }) => {
      if (question !== undefined && question.correlationId === 0 && question.messageId > 0)
        context.answer(question, payload);
    },
  });
  script.step();
  script.step([message("a", "go")]);
  assert.equal(script.world.agent(agentId("a"))?.pendingRequests.length, 68);
  script.step([message("a", "input", payload)]);
  assert.deepEqual(script.deadLetters(), ["MAILBOX_FULL a input", "MAILBOX_FULL a"]);
});

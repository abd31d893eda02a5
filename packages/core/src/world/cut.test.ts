/** Cuts: from the tick of the input on nothing passes between an agent, or a topic, and anybody else. */

import assert from "node:assert/strict";
import test from "node:test";
import { Encoding, MessageFlag, encodeUtf8 } from "@wasm-engine/abi";
import type { InputBody } from "../model.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { actingWorld, seen } from "../testing/acting-world.js";
import { all, atStart, on, puppet, type Acts } from "../testing/puppet.js";
import { ScriptExecutors } from "../testing/script-executors.js";
import { agentId, handle, message, publish, task } from "../testing/script-world.js";
import { World } from "./world.js";

function cut(id: string): InputBody {
  return { kind: "cut", agent: agentId(id) };
}

test("no message to a cut agent or from it arrives; senders are told, dead letters show it", () => {
  const script = actingWorld({
    a: on("go", (context) => {
      context.send(handle("x"), { topic: "to" });
      context.send(handle("x"), { topic: "ask", wanted: true });
      context.send(handle("b"), { topic: "beside" });
    }),
    b: undefined,
    x: on("tick", (context) => {
      context.send(handle("a"), { topic: "from" });
      context.send(handle("a"), { topic: "question", wanted: true });
      context.send(handle("x"), { topic: "self" });
    }),
  });
  script.step();
  script.step([cut("x"), message("a", "go")]);
  script.step([message("x", "tick")]);
  script.runUntil(1000);
  assert.deepEqual(seen(script, "a"), ["1 MESSAGE go", "2 ANSWER UNDELIVERABLE #1!"]);
  assert.deepEqual(seen(script, "b"), ["2 MESSAGE beside"]);
  assert.deepEqual(seen(script, "x"), []);
  assert.deepEqual(script.deadLetters(), ["CUT x to", "CUT x ask", "CUT x tick"]);
});

test("a cut agent goes on by itself: timers, models, tasks and messages of its own", () => {
  const script = actingWorld({
    a: undefined,
    x: all(
      atStart((context) => void context.timer(2, "wake")),
      on("wake", (context) => {
        context.send(handle("x"), { topic: "self" });
        context.send(handle("a"), { topic: "from" });
        context.send(handle("a"), { topic: "ask", wanted: true });
        context.publish("news", "heard by nobody");
        context.spawn({ id: "child", module: "script" });
        context.task({ taskId: "own", agentId: "x" });
        context.task({ taskId: "other", agentId: "a" });
        context.infer("model", "still asked");
      }),
    ),
  });
  script.step();
  script.step([cut("x")]);
  script.runUntil(3);
  assert.deepEqual(script.deadLetters(), ["CUT a from", "CUT a ask", "CUT x news", "CUT a other"]);
  const [wake] = script.results.filter(({ commit }) => commit.tick === 2);
  assert.deepEqual(wake?.departures, []);
  assert.deepEqual(
    wake?.requests.map(({ name }) => name),
    ["model"],
  );
  const { payload, encoding } = { payload: encodeUtf8("answer"), encoding: Encoding.TEXT };
  const [request] = wake?.requests ?? [];
  assert.ok(request !== undefined);
  const { agent, requestId } = request;
  script.step([
    { kind: "result", agent, requestId, source: "inference", ok: true, last: true, encoding, payload },
  ]);
  script.runUntil(1000);
  const own = seen(script, "x").map((line) => line.replace(/^\d+ /, ""));
  const expected = [
    "TIMER wake #1",
    "MESSAGE self",
    "ANSWER UNDELIVERABLE #2!",
    "ANSWER REFUSED #3!",
    "ANSWER UNDELIVERABLE #5!",
    "TASK own null",
    "INFERENCE model answer #6",
    'ANSWER own {"taskId":"own"} #4',
  ];
  assert.deepEqual([...own].sort(), [...expected].sort());
  assert.equal(script.status("child"), undefined);
  assert.deepEqual(seen(script, "a"), []);
});

test("who waits for an answer across the cut is told at once, and what was on its way is read", () => {
  const script = actingWorld({
    a: atStart((context) => {
      context.send(handle("x"), { topic: "question", wanted: true });
      context.task({ taskId: "t", agentId: "x" }, 50);
    }),
    x: all(
      atStart((context) => void context.send(handle("a"), { topic: "mine", wanted: true })),
      on("question", (context, { message: question }) => {
        if (question !== undefined) context.answer(question, "too late");
      }),
      on("outside", () => undefined),
    ),
  });
  script.step([message("x", "outside", "?", true)]);
  const { departures } = script.step([cut("x")]);
  assert.deepEqual(
    departures.map(({ inputSeq, flags }) => [inputSeq, flags]),
    [[1, MessageFlag.ERROR | MessageFlag.LAST_PART]],
  );
  assert.deepEqual(seen(script, "a"), [
    "1 MESSAGE mine",
    "1 ANSWER UNDELIVERABLE #1!",
    "1 ANSWER UNDELIVERABLE #2!",
  ]);
  assert.deepEqual(seen(script, "x").slice(-2), ["1 MESSAGE question", "1 ANSWER UNDELIVERABLE #1!"]);
  assert.deepEqual(script.deadLetters(), ["CUT a"]);
  assert.deepEqual(script.world.agent(agentId("a"))?.pendingRequests, []);
  assert.deepEqual(script.world.agent(agentId("x"))?.pendingRequests, []);
  script.runUntil(1000);
  assert.equal(seen(script, "x").at(-1), "50 TASK t null");
});

test("inputs from outside do not reach a cut agent, those of its lifecycle do; a second cut changes nothing", () => {
  const script = actingWorld(
    { x: undefined, y: undefined },
    { x: { channels: ["news"] }, y: { channels: ["news"] } },
  );
  script.step();
  script.step([cut("x"), cut("x"), message("x", "q", "?", true), publish("news", "1"), task("t", "x")]);
  assert.deepEqual(script.deadLetters(), ["CUT x q", "CUT x news", "CUT x t"]);
  assert.deepEqual(
    script.results[1]?.departures.map(({ inputSeq }) => inputSeq),
    [3],
  );
  script.step([cut("nobody"), { kind: "stop", agent: agentId("x") }]);
  assert.equal(script.deadLetters().at(-1), "UNDELIVERABLE nobody");
  script.runUntil(1000);
  assert.equal(script.status("x"), undefined);
  assert.deepEqual(seen(script, "y"), ["1 MESSAGE news 1"]);
});

test("what is published to a cut topic reaches neither members nor outputs; other topics go on", () => {
  const script = actingWorld(
    {
      a: on("go", (context) => {
        context.publish("news", "1");
        context.publish("other", "2");
      }),
      b: undefined,
    },
    { b: { channels: ["news", "other"] } },
  );
  script.step();
  const { departures } = script.step([
    { kind: "cut-topic", topic: "news" },
    message("a", "go"),
    publish("news", "from outside"),
    message("b", "news", "a message is no publish"),
  ]);
  script.runUntil(1000);
  assert.deepEqual(
    departures.map(({ topic }) => topic),
    ["other"],
  );
  assert.deepEqual(seen(script, "b"), ["1 MESSAGE news a message is no publish", "2 MESSAGE other 2"]);
  assert.deepEqual(script.deadLetters(), ["CUT  news", "CUT a news"]);
});

test("[G4] cuts are part of state hash and snapshot, and a world without cuts has the bytes that it ever had", () => {
  const acts: Acts = {
    a: on("go", (context) => void context.send(handle("x"), { topic: "to" })),
    x: undefined,
  };
  const twins = [actingWorld(acts), actingWorld(acts)].map((script) => {
    script.step();
    return script;
  });
  const [plain, other] = twins;
  assert.ok(plain !== undefined && other !== undefined);
  const before = plain.world.exportState().length;
  plain.step([cut("x"), { kind: "cut-topic", topic: "news" }]);
  other.step([cut("nobody"), { kind: "leave", agent: agentId("x"), topic: "news" }]);
  assert.notDeepEqual(plain.world.stateHash(), other.world.stateHash());
  assert.ok(plain.world.exportState().length > before);
  assert.equal(other.world.exportState().length, before);
  const executors = new ScriptExecutors(puppet(acts), {}, plain.executors.images());
  const restored = World.restore(plain.genesis, plain.world.exportState(), { hasher: nodeHasher, executors });
  assert.deepEqual(restored.stateHash(), plain.world.stateHash());
  assert.deepEqual(restored.exportState(), plain.world.exportState());
  const next = { seq: 9, tick: 2, body: message("a", "go") };
  const [ours, theirs] = [restored.step(2, [next]), plain.world.step(2, [next])];
  assert.deepEqual(ours.chainHead, theirs.chainHead);
  assert.deepEqual(
    ours.deadLetters.map(({ reason }) => reason),
    ["CUT"],
  );
});

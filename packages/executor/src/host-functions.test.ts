import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EffectKind,
  Encoding,
  HOST_FUNCTIONS,
  LogLevel,
  MessageFlag,
  MessageKind,
  decodeMessage,
  encodeMessage,
  encodeUtf8,
  handleOfChild,
  limits,
  readU64,
} from "@wasm-engine/abi";
import type { Message } from "@wasm-engine/abi";
import { effectFuel, lookupFuel, randomFuelPerBlock, streamKeyFuel } from "./limits.js";
import { fillFromStream, streamKey } from "./random-stream.js";
import { DATA_AT, Op, RESULTS_AT, message, scriptMessage, storeBytes } from "./testing/script-guest.js";
import type { Command } from "./testing/script-guest.js";
import { SCRIPT_GUEST, TestWorld, effectsOf, guest, handleFor, hex, sha256 } from "./testing/test-world.js";
import { HOST_IMPORTED } from "./testing/host-call-guest.js";

/** An outgoing message at DATA_AT, then the call. */
function outgoing(fields: Partial<Message>, ...calls: readonly Command[]): Command[] {
  return [...storeBytes(DATA_AT, encodeMessage(message(fields))), ...calls];
}

const TEXT = { topic: encodeUtf8("hello"), payload: encodeUtf8("dear"), encoding: Encoding.TEXT, peer: 77 };

test("send records the message with the sender's sequence and nothing the guest made up", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const forged = { ...TEXT, messageId: 999, correlationId: 5, tick: 12345 };
  const outcome = world.run(agent, outgoing(forged, [Op.SEND, DATA_AT, 300], [Op.SEND, DATA_AT, -1]));
  const [first, second] = effectsOf(outcome);
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual([first.kind, first.requestId, first.ticks, first.invocation], [EffectKind.SEND, 0, 0, 0]);
  assert.deepEqual(decodeMessage(first.body), message({ ...TEXT, messageId: 1 }));
  assert.equal(decodeMessage(second.body).messageId, 2);
  assert.deepEqual(world.results(agent, 2), [0, 0]);
  assert.equal(outcome.ledger.messages, 2);
});

test("send with ANSWER_WANTED starts a request; an answer keeps its correlation", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const asking = outgoing({ ...TEXT, flags: MessageFlag.ANSWER_WANTED }, [Op.SEND, DATA_AT, 300]);
  const answer = { ...TEXT, kind: MessageKind.ANSWER, correlationId: 41, flags: MessageFlag.LAST_PART };
  const outcome = world.run(agent, asking, outgoing(answer, [Op.SEND, DATA_AT, 0]));
  const [request, reply] = effectsOf(outcome);
  assert.ok(request !== undefined && reply !== undefined);
  assert.deepEqual([request.requestId, request.ticks, request.invocation], [1, 300, 0]);
  assert.deepEqual([reply.requestId, reply.ticks, reply.invocation], [0, 0, 1]);
  assert.deepEqual(decodeMessage(reply.body), message({ ...answer, messageId: 2 }));
  assert.deepEqual(world.results(agent, 2), [1, 0]);
  assert.deepEqual([outcome.ledger.requests, outcome.ledger.messages], [1, 2]);
});

test("padding between topic and payload is zero whatever the guest left there", () => {
  const world = new TestWorld();
  const bytes = encodeMessage(message(TEXT));
  bytes.fill(0xee, 53, 56);
  const outcome = world.run(world.start("agent"), [...storeBytes(DATA_AT, bytes), [Op.SEND, DATA_AT, -1]]);
  assert.deepEqual(effectsOf(outcome)[0]?.body, encodeMessage(message({ ...TEXT, messageId: 1 })));
});

test("publish, schedule, infer and call_tool record no receiver and no flags", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const noisy = { ...TEXT, flags: MessageFlag.ERROR, correlationId: 9 };
  const outcome = world.run(
    agent,
    outgoing(noisy, [Op.PUBLISH, DATA_AT], [Op.INFER, DATA_AT, 0], [Op.CALL_TOOL, DATA_AT, 5]),
    outgoing({ ...noisy, kind: MessageKind.TIMER }, [Op.SCHEDULE, DATA_AT, 0], [Op.SCHEDULE, DATA_AT, 7]),
  );
  const plain = { ...TEXT, peer: 0 };
  const timer = { ...plain, kind: MessageKind.TIMER };
  assert.deepEqual(
    effectsOf(outcome).map(({ kind, requestId, ticks, body }) => [
      kind,
      requestId,
      ticks,
      decodeMessage(body),
    ]),
    [
      [EffectKind.PUBLISH, 0, 0, message({ ...plain, messageId: 1 })],
      [EffectKind.INFER, 1, 0, message(plain)],
      [EffectKind.CALL_TOOL, 2, 5, message(plain)],
      [EffectKind.SCHEDULE, 3, 1, message(timer)],
      [EffectKind.SCHEDULE, 4, 7, message(timer)],
    ],
  );
  assert.deepEqual(world.results(agent, 5), [0, 1, 2, 3, 4]);
});

test("a task keeps its delay, channels and cancel record their argument, exit its code", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const task = { kind: MessageKind.TASK, encoding: Encoding.JSON, payload: encodeUtf8('{"taskId":"x"}') };
  const outcome = world.run(agent, outgoing(task, [Op.SCHEDULE, DATA_AT, 0], [Op.CANCEL, 1]), [
    ...storeBytes(DATA_AT, encodeUtf8("news")),
    [Op.JOIN, DATA_AT, 4],
    [Op.LEAVE, DATA_AT, 4],
    [Op.EXIT, -3],
  ]);
  const records = effectsOf(outcome).map(({ kind, requestId, ticks, body }) => [
    kind,
    requestId,
    ticks,
    hex(body),
  ]);
  assert.deepEqual(records, [
    [EffectKind.TASK, 1, 0, hex(encodeMessage(message(task)))],
    [EffectKind.CANCEL, 1, 0, ""],
    [EffectKind.JOIN, 0, 0, hex(encodeUtf8("news"))],
    [EffectKind.LEAVE, 0, 0, hex(encodeUtf8("news"))],
    [EffectKind.EXIT, 0, 0, "fdffffff"],
  ]);
});

test("spawn derives the child's handle from parent and counter", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const spec = encodeUtf8('{"id":"kid","module":"m"}');
  const call: Command = [Op.SPAWN, DATA_AT, spec.length, DATA_AT + 0x100];
  const outcome = world.run(agent, [...storeBytes(DATA_AT, spec), call, call]);
  const children = [1, 2].map((counter) => handleOfChild(sha256, agent, counter));
  const effects = effectsOf(outcome);
  assert.deepEqual(
    effects.map(({ kind, requestId, body }) => [
      kind,
      requestId,
      readU64(new DataView(body.slice().buffer), 0),
    ]),
    children.map((child, index) => [EffectKind.SPAWN, index + 1, child]),
  );
  assert.deepEqual(effects[0]?.body.slice(8), spec);
  const memory = world.memory(agent);
  assert.equal(readU64(new DataView(memory.buffer), DATA_AT + 0x100), children[1]);
  assert.deepEqual([outcome.ledger.spawns, outcome.ledger.requests], [2, 2]);
});

test("lookup answers from the sealed view and touches nothing where there is none", () => {
  const world = new TestWorld();
  world.known.set("stranger", handleFor("stranger"));
  const agent = world.start("agent");
  world.run(agent, [
    ...storeBytes(DATA_AT, encodeUtf8("strangernobody")),
    [Op.STORE, DATA_AT + 0x110, 0x1234],
    [Op.LOOKUP, DATA_AT, 8, DATA_AT + 0x100],
    [Op.LOOKUP, DATA_AT + 8, 6, DATA_AT + 0x110],
  ]);
  assert.deepEqual(world.results(agent, 2), [0, -6]);
  const view = new DataView(world.memory(agent).buffer);
  assert.equal(readU64(view, DATA_AT + 0x100), handleFor("stranger"));
  assert.equal(readU64(view, DATA_AT + 0x110), 0x1234);
});

test("[G1] random fills from the stream's position on, over any split of the draws", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const draws = [1, 16, 64, 100, 333];
  const drawn: number[] = [];
  for (const [index, bytes] of draws.entries()) {
    world.run(agent, [...storeBytes(0x1800, encodeUtf8("dice")), [Op.RANDOM_RAW, 4, 0x1800, bytes]]);
    drawn.push(...world.memory(agent).slice(DATA_AT, DATA_AT + bytes));
    assert.equal(world.results(agent, index + 1).at(-1), 0);
  }
  const expected = new Uint8Array(drawn.length);
  fillFromStream(streamKey(sha256, sha256(Buffer.from("seed of agent")), "dice"), 0, expected);
  assert.deepEqual(Uint8Array.from(drawn), expected);
});

test("drawing nothing makes no stream", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  assert.deepEqual(world.run(agent, [[Op.RANDOM_RAW, 0, 0, 0]]).ledger.streams, []);
  assert.deepEqual(world.run(agent, [[Op.RANDOM_RAW, 0, 0, 8]]).ledger.streams, [["", 8]]);
});

test("tick and time are those of the plan", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  world.tick = 2 ** 40;
  world.run(agent, [
    [Op.TICK, DATA_AT],
    [Op.TIME, DATA_AT + 8],
  ]);
  const view = new DataView(world.memory(agent).buffer);
  assert.equal(view.getBigUint64(DATA_AT, true), 2n ** 40n + 1n);
  assert.equal(view.getBigInt64(DATA_AT + 8, true), world.timeNanos(2 ** 40 + 1));
});

test("console lines are cut at a character and made valid", () => {
  const world = new TestWorld();
  const agent = world.start("agent", SCRIPT_GUEST);
  const [cut] = effectsOf(
    world.run(agent, [
      [Op.FILL, DATA_AT, 0x61, limits.logLineBytesMax - 1],
      [Op.STORE, DATA_AT + limits.logLineBytesMax - 1, 0x61acc3],
      [Op.LOG, LogLevel.WARN, DATA_AT, limits.logLineBytesMax + 3],
    ]),
  );
  assert.equal(cut?.body.length, limits.logLineBytesMax - 1, "not half of a character of two bytes");
  assert.equal(cut.level, LogLevel.WARN);
  const [replaced] = effectsOf(
    world.run(agent, [
      [Op.STORE, DATA_AT, 0x61ff61],
      [Op.LOG, 0, DATA_AT, 3],
    ]),
  );
  assert.equal(Buffer.from(replaced?.body ?? []).toString(), "a\ufffda");
  const [full] = effectsOf(
    world.run(agent, [
      [Op.FILL, DATA_AT, 0xff, 0x5000],
      [Op.LOG, 0, DATA_AT, 0x5000],
    ]),
  );
  assert.ok((full?.body.length ?? 0) <= limits.logLineBytesMax);
  assert.equal(Buffer.from(full?.body ?? []).toString(), "\ufffd".repeat(limits.logLineBytesMax / 3));
});

test("[G7] the price of a host call is base, bytes, record and what it derives", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const price = (...commands: readonly Command[]): number => world.run(agent, commands).fuel;
  const silent = price([Op.LOG, 9, 0, 0]);
  assert.equal(price([Op.LOG, 0, 0, 0]) - silent, effectFuel);
  assert.equal(price([Op.LOG, 0, 0, 800]) - silent, effectFuel + 100);
  assert.equal(price([Op.LOG, 0, 0, 801]) - silent, effectFuel + 101);
  const refused = price([Op.RANDOM_RAW, 200, 0, 0]);
  const first = price([Op.RANDOM_RAW, 0, 0, 64]);
  assert.equal(first - refused, streamKeyFuel + randomFuelPerBlock + 8);
  assert.equal(price([Op.RANDOM_RAW, 0, 0, 65]) - refused, 2 * randomFuelPerBlock + 9);
  assert.equal(price([Op.RANDOM_RAW, 0, 0, 1]) - refused, randomFuelPerBlock + 1, "no key, one block");
  const missing = price([Op.LOOKUP, 0, 64, 0]);
  assert.equal(price([Op.LOOKUP, 0x2000, 1, 0]) - missing, lookupFuel);
});

test("[G7] the receiver pays for placing a message, one fuel per eight bytes begun", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const prices = [0, 1, 8, 9].map((topicBytes) => {
    const received = scriptMessage([], { topic: new Uint8Array(topicBytes).fill(0x61) });
    return world.turn(agent, [{ entry: "receive", message: received }]).fuel;
  });
  assert.deepEqual(
    prices.map((price) => price - (prices[0] ?? 0)),
    [0, 1, 1, 2],
  );
});

test("[G7] a refused call leaves no trace but its price", () => {
  const world = new TestWorld();
  const agent = world.start("agent");
  const outcome = world.run(agent, outgoing({ ...TEXT, kind: MessageKind.TIMER }, [Op.SEND, DATA_AT, 0]));
  assert.deepEqual(outcome.ledger, { requests: 0, messages: 0, spawns: 0, streams: [] });
  assert.equal(outcome.effects.length, 0);
  assert.equal(new DataView(world.memory(agent).buffer).getInt32(RESULTS_AT, true), -2);
});

test("[G5] every host function of the table is linked with its type", () => {
  const module = guest(HOST_IMPORTED);
  const world = new TestWorld({ guests: [module] });
  const agent = world.create("agent", module);
  const outcome = world.turn(agent, [{ entry: "init" }]);
  assert.equal(outcome.fault, undefined);
  const called = new DataView(world.memory(agent).buffer).getInt32(0, true);
  assert.equal(called, Object.keys(HOST_FUNCTIONS).length);
});

test("[G5] places for answers may overlap what is asked: the question is read first", () => {
  const world = new TestWorld();
  world.known.set("stranger", handleFor("stranger"));
  const agent = world.start("agent");
  const spec = encodeUtf8('{"id":"kid"}');
  const outcome = world.run(agent, [
    ...storeBytes(DATA_AT, encodeUtf8("dice")),
    [Op.RANDOM_RAW, 4, DATA_AT, 16],
    ...storeBytes(DATA_AT + 0x40, spec),
    [Op.SPAWN, DATA_AT + 0x40, spec.length, DATA_AT + 0x40],
    ...storeBytes(DATA_AT + 0x80, encodeUtf8("stranger")),
    [Op.LOOKUP, DATA_AT + 0x80, 8, DATA_AT + 0x80],
  ]);
  assert.deepEqual(world.results(agent, 3), [0, 1, 0]);
  assert.deepEqual(outcome.ledger.streams, [["dice", 16]]);
  assert.deepEqual(effectsOf(outcome)[0]?.body.slice(8), spec);
  const view = new DataView(world.memory(agent).buffer);
  assert.equal(readU64(view, DATA_AT + 0x40), handleOfChild(sha256, agent, 1));
  assert.equal(readU64(view, DATA_AT + 0x80), handleFor("stranger"));
});

test("[G7] limits of requests and messages refuse with LIMIT", () => {
  const world = new TestWorld();
  const agent = world.create("agent");
  const full = { requests: limits.requestIdMax, messages: 0, spawns: 0, streams: [] };
  const other = new TestWorld();
  const [image] = world.executor.images();
  assert.ok(image !== undefined);
  other.executor.loadImages([{ ...image, ledger: full }]);
  const asking = outgoing({ ...TEXT, flags: MessageFlag.ANSWER_WANTED }, [Op.SEND, DATA_AT, -1]);
  const plain = outgoing(TEXT, [Op.SEND, DATA_AT, -1], [Op.INFER, DATA_AT, -1]);
  const outcome = other.turn(agent, [{ entry: "init" }]);
  assert.deepEqual(outcome.ledger, full);
  assert.equal(other.run(agent, asking, plain).ledger.requests, limits.requestIdMax);
  assert.deepEqual(other.results(agent, 3), [-5, 0, -5]);
});

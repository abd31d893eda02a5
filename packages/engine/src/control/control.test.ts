/** The control socket of worlds in processes of their own, as clients and the file system see it. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import type { ReceivedMessage } from "../client/received-message.js";
import { replayRun } from "../client/replay-run.js";
import { RawConnection, quietSample, quietWorld } from "../testing/controlled-world.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { addressOf } from "./control-address.js";

const folder = freshFolder("control");

async function rejectsWith(code: string, work: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(EngineError.is(error), `${code} expected, came ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

test("[S14.send] send, publish, ask, messages, inspect, snapshot and stop over the socket; replayed", async () => {
  await using owner = await quietWorld(join(folder, "whole"));
  const world = await Engine.connect(owner.dir);
  const read: ReceivedMessage[] = [];
  const messages = await world.messages("score");
  const first = await world.send("a1", { hello: 1 });
  assert.deepEqual([first.seq, first.durability, first.duplicate], [1, "sync", undefined]);
  for await (const message of messages) {
    read.push(message);
    if (read.length === 2) break;
  }
  assert.deepEqual(
    read.map(({ agentId, topic }) => [agentId, topic]),
    [
      ["a1", "score"],
      ["sink", "score"],
    ],
  );
  const answer = await world.ask("a2", { question: true });
  assert.match(JSON.stringify(answer.payload), /^\{"h":"[0-9a-f]{8}"\}$/);
  await world.publish("news", new Uint8Array([1, 2, 3]));
  const spawned = await world.spawnAgent({ id: "late", module: "folder", capabilities: { topics: ["*"] } });
  assert.equal(spawned, "late");
  await world.send("late", "hello", { topic: "text" });
  const report = await world.inspect({ agent: "late" });
  assert.equal(report.agents[0]?.agentId, "late");
  const rows = await world.agents();
  assert.deepEqual(
    rows.agents.map(({ agentId }) => agentId),
    ["a1", "a2", "a3", "a4", "a5", "late", "sink"],
  );
  const status = await world.status();
  assert.deepEqual([status.pid, status.live, status.paused, status.inputs], [owner.pid, true, false, 5]);
  const snapshot = await world.snapshot();
  assert.equal(snapshot.tick, status.tick);
  const result = await world.stop();
  assert.equal(result.reason, "stopped");
  assert.equal((await owner.stop()).chainHead, result.chainHead, "the owner is told too");
  await owner.close();
  assert.ok(!existsSync(join(owner.dir, "control.sock")), "the socket is removed");
  await rejectsWith("WE_CONTROL_NOT_RUNNING", Engine.connect(owner.dir));
  assert.deepEqual(
    loggedInputs(owner.dir).map(({ body }) => body.kind),
    ["message", "message", "publish", "spawn", "message"],
  );
  const replayed = await replayRun(owner.dir);
  assert.deepEqual([replayed.verified, replayed.chainHead], [true, result.chainHead]);
});

test("[S14.pause] pause holds a run call under way, steps queue, resume lets it go on to its end", async () => {
  const sample = await quietSample(join(folder, "pause"));
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, every: 1 }));
  const world = {
    ...sample,
    stop: { when: "tick", tick: 800 } as const,
    genesis: { ...sample.genesis, agents },
  };
  await using owner = await Engine.open(world, { start: "paused" });
  const client = await Engine.connect(owner.dir);
  await using other = await Engine.connect(owner.dir);
  const running = owner.run();
  const held = await client.pause();
  const before = await other.status();
  assert.deepEqual([before.live, before.paused, before.tick], [false, true, held.tick]);
  const steps = await Promise.all([client.step(3), other.step(2)]);
  assert.deepEqual(
    steps.map(({ tick }) => tick),
    [held.tick + 3, held.tick + 5],
  );
  assert.equal((await other.status()).tick, held.tick + 5, "a paused world stands still after its steps");
  await other.resume();
  const result = await running;
  assert.deepEqual([result.reason, result.ticks], ["tick", 800]);
  const whole = await Engine.open({ ...world, baseDirectory: join(folder, "pause-again") }, {});
  assert.equal((await whole.run()).chainHead, result.chainHead, "holding it changed nothing");
  await whole.close();
});

test("[S14.step] a step of an idle world ends at once, one that is taken back is forgotten", async () => {
  await using owner = await quietWorld(join(folder, "idle"));
  await using world = await Engine.connect(owner.dir);
  await world.send("a1", 1);
  const { tick } = await world.step(1000);
  assert.equal(tick, (await world.status()).tick);
});

test("[S14.send] an idempotency key is told as duplicate, and a repeated question refused [G3]", async () => {
  await using owner = await quietWorld(join(folder, "keys"));
  await using world = await Engine.connect(owner.dir);
  const first = await world.send("a1", 1, { key: "k" });
  const second = await world.send("a1", 1, { key: "k" });
  assert.deepEqual(second, { ...first, duplicate: true });
  await world.ask("a1", 1, { key: "q" });
  await rejectsWith("WE_INPUT_DUPLICATE", world.ask("a1", 1, { key: "q" }));
  const { letters, dropped } = await world.deadLetters();
  assert.deepEqual(
    [letters.map(({ reason, index }) => [reason, index]), dropped],
    [
      [
        ["DUPLICATE", 0],
        ["DUPLICATE", 0],
      ],
      0,
    ],
  );
  assert.deepEqual(
    (await world.deadLetters({ since: (letters[0]?.tick ?? 0) + 1 })).letters,
    letters.slice(1),
  );
});

test("[G10] what cannot be used is refused before it is logged, with its place", async () => {
  await using owner = await quietWorld(join(folder, "refused"));
  await using world = await Engine.connect(owner.dir);
  await rejectsWith("WE_AGENT_UNKNOWN", world.send("nobody", 1));
  await rejectsWith("WE_AGENT_UNKNOWN", world.controlAgent("nobody", "terminate"));
  await rejectsWith("WE_WORLD_INPUT_SIZE", world.send("a1", "x".repeat(1024 * 1024)));
  await rejectsWith("WE_WORLD_INPUT_SIZE", world.publish("€".repeat(200), 1));
  let nested: unknown = 1;
  for (let level = 0; level < 100; level += 1) nested = [nested];
  const deep = { id: "deep", module: "folder", args: nested as never };
  await rejectsWith("WE_WORLD_INPUT_DEPTH", world.spawnAgent(deep));
  await rejectsWith("WE_AGENT_SPEC", world.spawnAgent({ id: "x", module: "none" }));
  const wrong = await rejectsWith(
    "WE_CONTROL_PARAMS",
    world.spawnAgent({ id: "x", module: "folder", capabilities: { send: 5 as never } }),
  );
  assert.match(wrong.message, /\/spec\/capabilities\/send must be array/);
  await rejectsWith("WE_AGENT_SPEC", world.upgradeAgent("a1", "none"));
  await rejectsWith("WE_INFERENCE_SWAP", world.swapModel("m", "n"));
  await rejectsWith("WE_CONTROL_PARAMS", world.step(0));
  await owner.stop();
  assert.deepEqual(loggedInputs(owner.dir), []);
});

test("a message to nobody is sent where it is not checked, and is a dead letter", async () => {
  await using owner = await quietWorld(join(folder, "unchecked"));
  await using world = await Engine.connect(owner.dir);
  await rejectsWith("WE_ASK_FAILED", world.ask("nobody", { a: 1 }, { check: false }));
  const { letters } = await world.deadLetters();
  assert.deepEqual(
    letters.map(({ reason, message }) => [reason, message?.payload]),
    [["UNDELIVERABLE", { a: 1 }]],
  );
});

test("the socket is its owner's: mode 0600 in a folder that nobody else may enter [G5]", async () => {
  await using owner = await quietWorld(join(folder, "modes"));
  assert.equal(statSync(join(owner.dir, "control.sock")).mode & 0o777, 0o600);
  assert.equal(statSync(owner.dir).mode & 0o077, 0);
});

test("a path that is too long for a socket: a private temporary folder, noted, removed at the end", async () => {
  const dir = join(folder, "long", "d".repeat(120), "run");
  mkdirSync(join(dir, ".."), { recursive: true });
  const owner = await Engine.open(await quietSample(join(folder, "long")), { start: "live", dir });
  const address = readFileSync(join(dir, "control.path"), "utf8").trim();
  assert.ok(!address.startsWith(folder), address);
  assert.equal(statSync(join(address, "..")).mode & 0o777, 0o700);
  const world = await Engine.connect(dir);
  assert.equal((await world.send("a1", 1)).seq, 1);
  await world.stop();
  await owner.close();
  assert.ok(!existsSync(join(address, "..")) && !existsSync(join(dir, "control.path")));
});

test("a stale socket is replaced, and the end of one process leaves the next one's alone [G3]", async () => {
  await using owner = await quietWorld(join(folder, "stale"));
  await owner.kill();
  const socket = join(owner.dir, "control.sock");
  assert.ok(existsSync(socket), "a killed process leaves its socket");
  await rejectsWith("WE_CONTROL_NOT_RUNNING", Engine.connect(owner.dir));
  await using again = await Engine.open(owner.dir, { start: "live", resume: true });
  await using world = await Engine.connect(owner.dir);
  assert.equal((await world.status()).pid, again.pid);
  // A file that is no socket is no obstacle either.
  await world.stop();
  await again.close();
  writeFileSync(socket, "");
  await using third = await Engine.open(owner.dir, { start: "live", resume: true });
  await using last = await Engine.connect(owner.dir);
  assert.equal((await last.status()).pid, third.pid);
});

test("whoever listens and is no world is no trouble: the call is lost", async () => {
  const dir = join(folder, "stranger");
  mkdirSync(dir, { recursive: true });
  const server = createServer((socket) => void socket.on("data", () => socket.write("hello\n")));
  await new Promise<void>((resolve) => server.listen(addressOf(dir), resolve));
  const world = await Engine.connect(dir);
  await rejectsWith("WE_CONTROL_LOST", world.status());
  server.close();
});

test("calls that wait when the world ends are told so, and a subscription ends", async () => {
  await using owner = await quietWorld(join(folder, "ends"), { start: "paused" });
  const client = new RawConnection(owner.dir);
  client.request(1, "subscribe", { topic: "*" });
  await client.answer(1);
  client.request(2, "ask", { to: "a1", body: 1 });
  client.request(3, "stop");
  const [asked, stopped] = [await client.answer(2), await client.answer(3)];
  assert.equal(asked.error?.data.code, "WE_WORLD_ENDED");
  assert.equal(stopped.result?.["reason"], "stopped");
  await client.closed();
});

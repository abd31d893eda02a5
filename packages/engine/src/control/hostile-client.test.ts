/** Clients that lie, flood, hang and die: the world ticks on, answers others, and logs what it acknowledges. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import type { ConnectedWorld } from "../client/connected-world.js";
import type { RunningWorld } from "../client/running-world.js";
import { replayRun } from "../client/replay-run.js";
import { RawConnection, echoText, quietSample, quietWorld } from "../testing/controlled-world.js";
import { seededRandom } from "../testing/fault-file-system.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { addressOf } from "./control-address.js";
import {
  callsUnderWayMax,
  connectionsMax,
  requestLineBytesMax,
  subscriptionsMax,
  unreadBytesMax,
} from "./limits.js";

const folder = freshFolder("hostile-client");

/** Paced, so that a slow machine makes no longer run of it: everything is replayed in the end. */
const tickNanos = 2_000_000n;

/** A world with work in every tick that never ends by itself. */
async function busyWorld(name: string, text?: string): Promise<RunningWorld> {
  const guest = text === undefined ? {} : { text };
  const sample = await quietSample(join(folder, name), { durability: "periodic", ...guest });
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, every: 1 }));
  const genesis = { ...sample.genesis, agents, tickNanos };
  return Engine.open({ ...sample, genesis }, { start: "live", workers: 1, realtime: true });
}

/** The world still ticks, and answers somebody who behaves. */
async function assertTicks(world: ConnectedWorld): Promise<void> {
  const { tick } = await world.status();
  while ((await world.status()).tick <= tick) assert.ok(true);
  assert.equal((await world.send("a1", 1)).durability, "periodic");
}

async function assertReplays(owner: RunningWorld): Promise<void> {
  const result = await owner.stop();
  await owner.close();
  const { verified, chainHead } = await replayRun(owner.dir, { isolation: "inline" });
  assert.deepEqual([verified, chainHead], [true, result.chainHead]);
}

const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

/** Lines and the code that answers them. */
const badLines: readonly (readonly [string, string, number])[] = [
  ["hello", "WE_CONTROL_REQUEST", -32700],
  ['{"jsonrpc":"2.0"', "WE_CONTROL_REQUEST", -32700],
  ["[]", "WE_CONTROL_REQUEST", -32600],
  ["null", "WE_CONTROL_REQUEST", -32600],
  ["7", "WE_CONTROL_REQUEST", -32600],
  ["{}", "WE_CONTROL_REQUEST", -32600],
  ['{"jsonrpc":"2.0","method":"status"}', "WE_CONTROL_REQUEST", -32600],
  ['{"jsonrpc":"2.0","id":null,"method":"status"}', "WE_CONTROL_REQUEST", -32600],
  ['{"jsonrpc":"1.0","id":1,"method":"status"}', "WE_CONTROL_REQUEST", -32600],
  ['{"jsonrpc":"2.0","id":1,"method":7}', "WE_CONTROL_REQUEST", -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"status","params":[]}', "WE_CONTROL_REQUEST", -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"run"}', "WE_CONTROL_METHOD", -32601],
  ['{"jsonrpc":"2.0","id":1,"method":"constructor"}', "WE_CONTROL_METHOD", -32601],
  ['{"jsonrpc":"2.0","id":1,"method":"__proto__"}', "WE_CONTROL_METHOD", -32601],
  ['{"jsonrpc":"2.0","id":1,"method":"send"}', "WE_CONTROL_PARAMS", -32602],
  ['{"jsonrpc":"2.0","id":1,"method":"send","params":{"to":"a1"}}', "WE_CONTROL_PARAMS", -32602],
  ['{"jsonrpc":"2.0","id":1,"method":"send","params":{"to":1,"body":1}}', "WE_CONTROL_PARAMS", -32602],
  ['{"jsonrpc":"2.0","id":1,"method":"send","params":{"to":"../x","body":1}}', "WE_AGENT_SPEC", -32000],
  [
    '{"jsonrpc":"2.0","id":1,"method":"send","params":{"to":"a1","payload":"%","encoding":"bytes"}}',
    "WE_CONTROL_PARAMS",
    -32602,
  ],
  ['{"jsonrpc":"2.0","id":1,"method":"step","params":{"ticks":1e300}}', "WE_CONTROL_PARAMS", -32602],
  ['{"jsonrpc":"2.0","id":1,"method":"kill","params":{}}', "WE_CONTROL_PARAMS", -32602],
  [
    '{"jsonrpc":"2.0","id":1,"method":"upgrade","params":{"agent":"a1","module":"__proto__"}}',
    "WE_AGENT_SPEC",
    -32000,
  ],
  [
    `{"jsonrpc":"2.0","id":1,"method":"send","params":{"to":"a1","body":${deep(200_000)}}}`,
    "WE_CONTROL_PARAMS",
    -32602,
  ],
];

test("[G10] lines that are no request are answered with their code, and the connection goes on", async () => {
  await using owner = await quietWorld(join(folder, "garbage"));
  const client = new RawConnection(owner.dir);
  for (const [line, code, number] of badLines) {
    client.lines.length = 0;
    client.write(`${line}\n`);
    while (client.lines.length === 0) await client.next();
    const [{ error } = {}] = client.lines as { error?: { code: number; data: { code: string } } }[]; // protocol
    assert.deepEqual([error?.data.code, error?.code], [code, number], line.slice(0, 100));
  }
  client.socket.write(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x0a]));
  client.lines.length = 0;
  client.request("ok", "status");
  assert.equal((await client.answer("ok")).result?.["paused"], false);
  await owner.stop();
  assert.deepEqual(loggedInputs(owner.dir), [], "nothing of it was logged");
});

test("[G6] random bytes and random JSON end no world", async () => {
  await using owner = await busyWorld("random");
  const random = seededRandom(20_260_711);
  const below = (count: number): number => Math.floor(random() * count);
  const value = (depth: number): unknown => {
    const kinds = [() => below(5) - 2, () => "a1", () => null, () => true, () => 1e21, () => "\u0000€"];
    if (depth > 0) {
      kinds.push(() => Array.from({ length: below(4) }, () => value(depth - 1)) as never);
      const names = [
        "to",
        "body",
        "topic",
        "agent",
        "spec",
        "id",
        "module",
        "ticks",
        "key",
        "limits",
        "args",
        "taskId",
      ];
      const entry = (): [string, unknown] => [names[below(names.length)] ?? "", value(depth - 1)];
      kinds.push(() => Object.fromEntries(Array.from({ length: below(5) }, entry)) as never);
    }
    return kinds[below(kinds.length)]?.();
  };
  // Whatever ends or holds the world is what it is for.
  const methods =
    "send ask publish spawn task join leave upgrade swapModel resume snapshot status agents inspect deadLetters";
  const names = `${methods} subscribe unsubscribe cancel`.split(" ");
  const client = new RawConnection(owner.dir);
  for (let index = 0; index < 400; index += 1) {
    client.request(`r${index}`, names[below(names.length)] ?? "", { ...(value(3) as object) });
    if (index % 50 === 0) client.socket.write(Buffer.from(Array.from({ length: 40 }, () => below(256))));
    if (index % 50 === 0) client.write("\n");
  }
  client.request("last", "status");
  await client.answer("last");
  client.socket.destroy();
  await using world = await Engine.connect(owner.dir);
  await assertTicks(world);
  await assertReplays(owner);
});

test("a line without end is cut off, and whoever sent it is told", async () => {
  await using owner = await quietWorld(join(folder, "line"));
  const client = new RawConnection(owner.dir);
  const chunk = "x".repeat(1024 * 1024);
  for (let bytes = 0; bytes <= requestLineBytesMax; bytes += chunk.length) client.write(chunk);
  assert.equal((await client.answer(null)).error?.data.code, "WE_CONTROL_LINE_SIZE");
  await client.closed();
  await using world = await Engine.connect(owner.dir);
  assert.equal((await world.send("a1", 1)).seq, 1);
});

test("[G9] a subscriber that never reads is cut off; the world ticks, others read everything", async () => {
  await using owner = await busyWorld("unread", echoText);
  const client = new RawConnection(owner.dir);
  for (let index = 0; index < subscriptionsMax; index += 1)
    client.request(index, "subscribe", { topic: "*" });
  await client.answer(subscriptionsMax - 1);
  client.socket.pause();
  await using world = await Engine.connect(owner.dir);
  const messages = await world.messages("echo");
  const parts = Math.ceil((2 * unreadBytesMax) / (subscriptionsMax * 100_000));
  for (let part = 0; part < parts; part += 1) await world.send("a1", "x".repeat(100_000), { topic: "echo" });
  let count = 0;
  for await (const { topic } of messages) if (topic === "echo" && (count += 1) === parts) break;
  await assertTicks(world);
  client.socket.resume();
  await client.closed();
  assert.ok(client.lines.length < parts * subscriptionsMax, "it did not get everything");
  await assertReplays(owner);
});

test("a client that asks without reading is not read from, and holds up nobody", async () => {
  await using owner = await busyWorld("asks");
  const client = new RawConnection(owner.dir);
  client.socket.pause();
  for (let index = 0; index < 20_000; index += 1) client.request(index, "inspect");
  await using world = await Engine.connect(owner.dir);
  await assertTicks(world);
  await assertTicks(world);
  client.socket.destroy();
  await assertTicks(world);
  await assertReplays(owner);
});

test("[G3] a flood of sends: calls under way are limited, what is acknowledged is logged once", async () => {
  await using owner = await busyWorld("flood", echoText);
  const client = new RawConnection(owner.dir);
  const count = 20 * callsUnderWayMax;
  for (let index = 0; index < count; index += 1) client.request(index, "send", { to: "a1", body: index });
  await using world = await Engine.connect(owner.dir);
  await assertTicks(world);
  while (client.lines.length < count) await client.next();
  const refused = client.lines.filter((line) => "error" in line);
  const codes = new Set(refused.map((line) => (line["error"] as { data: { code: string } }).data.code)); // protocol
  assert.ok(refused.length === 0 || (codes.size === 1 && codes.has("WE_CONTROL_BUSY")), [...codes].join());
  await assertReplays(owner);
  const seqs = loggedInputs(owner.dir).map(({ seq }) => seq);
  const logged = new Set(seqs);
  const acknowledged = client.lines.flatMap(({ result }) =>
    result === undefined ? [] : (result as { seq: number }).seq,
  );
  assert.equal(logged.size, seqs.length);
  const missing = acknowledged.filter((seq) => !logged.has(seq));
  assert.deepEqual(missing, []);
});

function opened(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
}

test("1,000 connections that say nothing: a client that comes after them is served", async () => {
  await using owner = await busyWorld("many");
  const sockets: Socket[] = [];
  for (let round = 0; round < 10; round += 1) {
    const some = Array.from({ length: 100 }, () => connect(addressOf(owner.dir)));
    for (const socket of some) socket.on("data", () => undefined);
    await Promise.all(some.map(opened));
    sockets.push(...some);
  }
  await using world = await Engine.connect(owner.dir);
  await assertTicks(world);
  for (const socket of sockets) socket.destroy();
  await assertReplays(owner);
});

test("connections that all wait for something keep their places: a further one is refused with its code", async () => {
  await using owner = await quietWorld(join(folder, "full"));
  const clients = Array.from({ length: connectionsMax }, () => new RawConnection(owner.dir));
  for (const client of clients) {
    client.request(1, "subscribe", { topic: "x" });
    await client.answer(1);
  }
  const late = new RawConnection(owner.dir);
  assert.equal((await late.answer(null)).error?.data.code, "WE_CONTROL_CONNECTIONS");
  await late.closed();
  clients[0]?.socket.destroy();
  await clients[0]?.closed();
  clients[1]?.request(2, "unsubscribe", {
    subscription: (await clients[1].answer(1)).result?.["subscription"],
  });
  await clients[1]?.answer(2);
  await using world = await Engine.connect(owner.dir);
  assert.equal((await world.send("a1", 1)).seq, 1);
  for (const client of clients) client.socket.destroy();
});

test("subscriptions and ids of one connection have their limits; a call can be taken back", async () => {
  await using owner = await quietWorld(join(folder, "limits"), { start: "paused" });
  const client = new RawConnection(owner.dir);
  for (let index = 0; index <= subscriptionsMax; index += 1)
    client.request(`s${index}`, "subscribe", { topic: "x" });
  assert.equal((await client.answer(`s${subscriptionsMax}`)).error?.data.code, "WE_CONTROL_BUSY");
  client.request(1, "ask", { to: "a1", body: 1 });
  client.request(1, "status");
  assert.equal((await client.answer(1)).error?.data.code, "WE_CONTROL_REQUEST");
  client.lines.length = 0;
  client.request(2, "cancel", { id: 1 });
  assert.equal((await client.answer(1)).error?.data.code, "WE_WORLD_ABORTED");
  client.request(3, "step", { ticks: 1 });
  assert.equal((await client.answer(3)).error, undefined);
});

test("a client that dies while it steps takes its steps with it, its sends stay", async () => {
  await using owner = await busyWorld("dies");
  await using world = await Engine.connect(owner.dir);
  const client = new RawConnection(owner.dir);
  client.request(1, "send", { to: "a1", body: "kept" });
  client.request(2, "step", { ticks: 1_000_000_000 });
  await client.answer(1);
  client.socket.destroy();
  await client.closed();
  for (let last = -1; ;) {
    const { tick, paused } = await world.status();
    if (paused && tick === last) break;
    last = tick;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await world.resume();
  await assertTicks(world);
  await assertReplays(owner);
});

/** Bodies that people send, held against the messages that a module declares. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { attachManifest, digestOf } from "@wasm-engine/wasm";
import { Engine } from "../client/engine.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RawConnection, echoText, quietSample } from "../testing/controlled-world.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import type { ResolvedWorld } from "../world/contract.js";

const folder = freshFolder("message-check");

/** Agents of a module that declares these messages. */
async function declaringWorld(name: string, messages: Record<string, Json>): Promise<ResolvedWorld> {
  const sample = await quietSample(join(folder, name), { text: echoText });
  const [entry] = sample.modules;
  assert.ok(entry !== undefined);
  const [, module] = entry;
  const manifest = { name: "echo", version: "1", abi: { major: 1, minor: 0 }, capabilities: [], messages };
  const bytes = attachManifest(module.bytes, manifest as never);
  const digest: ModuleDigest = digestOf(bytes, (value) => nodeHasher.sha256(value));
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, module: digest }));
  const genesis = { ...sample.genesis, modules: { folder: digest }, agents };
  return { ...sample, genesis, modules: new Map([[digest, { ...module, bytes }]]) };
}

const order = {
  type: "object",
  properties: {
    city: { type: "string" },
    count: { type: "integer", minimum: 1 },
    kind: { enum: ["air", "sea"] },
  },
  required: ["city"],
  additionalProperties: false,
};

test("[S14.send] a body that does not fit is refused before it is logged, with its places", async () => {
  await using owner = await Engine.open(await declaringWorld("refused", { order }), { start: "live" });
  await using world = await Engine.connect(owner.dir);
  const refusal = async (body: Json): Promise<string> => {
    const error: unknown = await world
      .send("a1", body, { topic: "order" })
      .catch((reason: unknown) => reason);
    assert.ok(EngineError.is(error) && error.code === "WE_MESSAGE_SCHEMA", String(error));
    return error.message;
  };
  assert.match(await refusal({ count: 0, kind: "land", extra: 1 }), /required property 'city'/);
  const places = await refusal({ city: 7, count: 0, kind: "land", extra: 1 });
  for (const place of [
    /\/city must be string/,
    /\/count must be >= 1/,
    /\/kind .*"air", "sea"/,
    /member "extra"/,
  ])
    assert.match(places, place);
  assert.match(await refusal("ORD"), /the whole must be object/);
  assert.equal((await world.send("a1", { city: "ORD" }, { topic: "order" })).seq, 1);
  assert.equal((await world.send("a1", { count: 0 }, { topic: "order", check: false })).seq, 2);
  assert.equal((await world.send("a1", "anything", { topic: "other" })).seq, 3);
  await owner.stop();
  assert.equal(loggedInputs(owner.dir).length, 3);
});

test("inputs of one connection are logged in its order, checked or not", async () => {
  await using owner = await Engine.open(await declaringWorld("order", { order }), { start: "live" });
  const client = new RawConnection(owner.dir);
  const count = 200;
  for (let index = 0; index < count; index += 1) {
    const kinds = [
      { method: "send", params: { to: "a1", topic: "order", body: { city: "ORD" }, key: `k${index}` } },
      { method: "send", params: { to: "a1", topic: "order", body: index, check: false, key: `k${index}` } },
      { method: "publish", params: { topic: "order", body: index, key: `k${index}` } },
    ];
    const { method, params } = kinds[index % kinds.length] ?? { method: "status", params: {} };
    client.request(index, method, params);
  }
  await Promise.all(Array.from({ length: count }, (_, index) => client.answer(index)));
  client.socket.destroy();
  await owner.stop();
  assert.deepEqual(
    loggedInputs(owner.dir).map(({ key }) => key),
    Array.from({ length: count }, (_, index) => `k${index}`),
  );
});

test("[S14.send] a batch is checked message by message, in the order of its connection's lines", async () => {
  await using owner = await Engine.open(await declaringWorld("batch", { order }), { start: "live" });
  await using world = await Engine.connect(owner.dir);
  const given = [
    { agentId: "a1", payload: { city: "ORD" }, topic: "order" },
    { agentId: "a1", payload: { count: 0 }, topic: "order" },
    { agentId: "a1", payload: { count: 0 }, topic: "order", check: false },
    { agentId: "nobody", payload: 1, topic: "order" },
    { agentId: "a2", payload: 1, topic: "other" },
  ];
  const calls = [world.sendMany(given), world.send("a1", 1), world.sendMany(given)] as const;
  const codes = (await calls[0]).map((sent) => ("error" in sent ? sent.error.code : sent.seq));
  assert.deepEqual(codes, [1, "WE_MESSAGE_SCHEMA", 2, "WE_AGENT_UNKNOWN", 3]);
  assert.equal((await calls[1]).seq, 4);
  const later = (await calls[2]).flatMap((sent) => ("error" in sent ? [] : [sent.seq]));
  assert.deepEqual(later, [5, 6, 7]);
});

test("a schema that nobody can compile refuses nothing", async () => {
  const world = await declaringWorld("odd", { order: { type: "no such type" } });
  await using owner = await Engine.open(world, { start: "live" });
  await using connected = await Engine.connect(owner.dir);
  assert.equal((await connected.send("a1", 1, { topic: "order" })).seq, 1);
});

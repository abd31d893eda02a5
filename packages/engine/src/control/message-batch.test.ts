/** Many messages in one call over the control socket. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { Acknowledgement } from "../world/control.js";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { RawConnection, quietWorld } from "../testing/controlled-world.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { batchMessagesMax } from "./limits.js";

const folder = freshFolder("message-batch");

type Outcome = Acknowledgement & { readonly error?: { readonly code: string; readonly message: string } };

test("[G3] [S14.send] a batch keeps its order among calls and its keys, and refuses in its place", async () => {
  await using owner = await quietWorld(join(folder, "mixed"));
  await using world = await Engine.connect(owner.dir);
  const before = world.send("a1", 0);
  const many = world.sendMany([
    { agentId: "a1", payload: 1, key: "once" },
    { agentId: "nobody", payload: 2 },
    { agentId: "a2", payload: new Uint8Array([3]) },
    { agentId: "a1", payload: 4, key: "k".repeat(256) },
    { agentId: "a1", payload: "x".repeat(1024 * 1024) },
    { agentId: "a1", payload: 5, key: "once" },
    { agentId: "nobody", payload: 6, check: false },
    { agentId: "a1", payload: { seven: 7 }, topic: "last" },
  ]);
  const after = world.send("a2", 8);
  const sent = (await many).map((each) => ("error" in each ? each.error.code : each));
  assert.deepEqual([(await before).seq, (await after).seq], [1, 7]);
  const first = { tick: (sent[0] as Acknowledgement).tick, seq: 2, durability: "sync" }; // compared below
  const tickOf = (place: number): number => (sent[place] as Acknowledgement).tick; // an acknowledgement
  assert.deepEqual(sent, [
    first,
    "WE_AGENT_UNKNOWN",
    { ...first, tick: tickOf(2), seq: 3 },
    "WE_CONTROL_PARAMS",
    "WE_WORLD_INPUT_SIZE",
    { ...first, duplicate: true },
    { ...first, tick: tickOf(6), seq: 5 },
    { ...first, tick: tickOf(7), seq: 6 },
  ]);
  assert.deepEqual(await world.sendMany([]), []);
  const wrong = world.sendMany([
    { agentId: "a1", payload: 9 },
    { agentId: "no id", payload: 10 },
  ]);
  await assert.rejects(wrong, { code: "WE_AGENT_SPEC" });
  const result = await world.stop();
  // The socket may still stand for a moment: then the world itself refuses what comes.
  const late = await world.sendMany([{ agentId: "a1", payload: 11 }]).catch((error: unknown) => [{ error }]);
  const lateCodes = late.map((each) => "error" in each && EngineError.is(each.error) && each.error.code);
  assert.ok(["WE_CONTROL_LOST", "WE_WORLD_ENDED"].includes(String(lateCodes[0])), String(lateCodes));
  assert.equal(lateCodes.length, 1);
  await owner.close();
  const bodies = loggedInputs(owner.dir).map(({ body, key }) => body.kind === "message" && [body.to, key]);
  assert.deepEqual(bodies, [
    ["a1", undefined],
    ["a1", "once"],
    ["a2", undefined],
    ["a1", "once"],
    ["nobody", undefined],
    ["a1", undefined],
    ["a2", undefined],
  ]);
  assert.equal((await replayRun(owner.dir)).chainHead, result.chainHead);
});

test("[G3] more messages than one call takes are sent in several, in their order", async () => {
  // Nobody could read so many in one turn.
  await using owner = await quietWorld(join(folder, "large"), { start: "paused" });
  await using world = await Engine.connect(owner.dir);
  const count = batchMessagesMax + 1000;
  const receivers = ["a1", "a2", "a3"];
  const messages = Array.from({ length: count }, (_, place) => ({
    agentId: receivers[place % receivers.length] ?? "",
    payload: place,
    key: `k${place}`,
  }));
  const outcomes = await world.sendMany(messages);
  const seqs = outcomes.map((outcome) => ("error" in outcome ? outcome.error.code : outcome.seq));
  assert.deepEqual(
    seqs,
    messages.map((_, place) => place + 1),
  );
  await owner.kill();
  assert.deepEqual(
    loggedInputs(owner.dir).map(({ key }) => key),
    messages.map(({ key }) => key),
  );
});

test("[G10] [S14.send] a message that cannot be read is an outcome, a list that cannot is an error", async () => {
  await using owner = await quietWorld(join(folder, "raw"));
  const client = new RawConnection(owner.dir);
  const messages = [
    { to: "a1", body: 1 },
    7,
    { to: "a1" },
    { to: "a1", body: 1, wait: true },
    { to: "no id", body: 1 },
    { to: "a1", payload: "AQI=", encoding: "bytes" },
  ];
  client.request(1, "sendMany", { messages });
  const { outcomes } = (await client.answer(1)).result as { readonly outcomes: readonly Outcome[] }; // section 4
  assert.deepEqual(
    outcomes.map(({ seq, error }) => error?.code ?? seq),
    [1, "WE_CONTROL_PARAMS", "WE_CONTROL_PARAMS", "WE_CONTROL_PARAMS", "WE_AGENT_SPEC", 2],
  );
  assert.match(outcomes[3]?.error?.message ?? "", /sendMany.*"wait"/);
  const lists: readonly unknown[] = [
    {},
    { messages: 1 },
    { messages: Array.from({ length: batchMessagesMax + 1 }, () => messages[0]) },
  ];
  for (const [place, params] of lists.entries()) {
    client.request(10 + place, "sendMany", params);
    assert.equal((await client.answer(10 + place)).error?.data.code, "WE_CONTROL_PARAMS");
  }
  client.request(2, "sendMany", { messages: [] });
  assert.deepEqual((await client.answer(2)).result, { outcomes: [] });
  client.socket.destroy();
  await owner.stop();
  assert.equal(loggedInputs(owner.dir).length, 2);
});

test("a batch that is taken back is answered so, and neither what it has sent nor other calls are", async () => {
  await using owner = await quietWorld(join(folder, "cancel"));
  await using world = await Engine.connect(owner.dir);
  const given = new AbortController();
  const many = world.sendMany([{ agentId: "a1", payload: 1 }], { signal: given.signal });
  const other = world.send("a1", 2);
  given.abort();
  await assert.rejects(many, { code: "WE_WORLD_ABORTED" });
  assert.equal((await other).seq, 2);
  assert.equal((await world.send("a1", 3)).seq, 3);
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { Engine } from "./engine.js";
import type { ReceivedMessage } from "./received-message.js";
import type { RunningWorld } from "./running-world.js";

const folder = freshFolder("world");
let worlds = 0;

/** A world whose agents only react: nothing is due until something is sent. */
async function quietWorld(isolation: "process" | "inline" = "inline"): Promise<RunningWorld> {
  worlds += 1;
  const directory = join(folder, String(worlds));
  const sample = await sampleWorld({ directory, records: 0, stop: { when: "idle" } });
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, every: 0 }));
  return Engine.open({ ...sample, inputs: [], genesis: { ...sample.genesis, agents } }, { isolation });
}

for (const isolation of ["inline", "process"] as const) {
  test(`[G3] [S14.send] send is acknowledged, ask answered, messages read (${isolation})`, async () => {
    await using world = await quietWorld(isolation);
    const received: ReceivedMessage[] = [];
    const messages = world.messages("score");
    const first = await world.send("a1", { hello: 1 });
    assert.equal(first.seq, 1);
    assert.equal(first.durability, "sync");
    for await (const message of messages) {
      received.push(message);
      if (received.length === 2) break;
    }
    assert.deepEqual(
      received.map(({ agentId, topic }) => [agentId, topic]),
      [
        ["a1", "score"],
        ["sink", "score"],
      ],
    );
    const answer = await world.ask("a2", { question: true });
    assert.equal(answer.agentId, "a2");
    assert.match(JSON.stringify(answer.payload), /^\{"h":"[0-9a-f]{8}"\}$/);
  });
}

for (const isolation of ["inline", "process"] as const) {
  test(`[G3] many messages are sent in their order, each acknowledged or refused (${isolation})`, async () => {
    await using world = await quietWorld(isolation);
    const before = world.send("a1", 0);
    const many = world.sendMany([
      { agentId: "a1", payload: 1, key: "once" },
      { agentId: "a2", payload: new Uint8Array([2]) },
      { agentId: "a1", payload: 3, key: "k".repeat(256) },
      { agentId: "a1", payload: 4, key: "once" },
      { agentId: "a1", payload: 5, topic: "last" },
    ]);
    const after = world.send("a2", 6);
    const sent = (await many).map((each) => ("error" in each ? each.error.code : each));
    assert.deepEqual([(await before).seq, (await after).seq], [1, 6]);
    const [first, second, refused, duplicate, last] = sent;
    assert.ok(typeof first === "object" && typeof second === "object" && typeof last === "object");
    assert.deepEqual([first.seq, second.seq, last.seq], [2, 3, 5]);
    assert.equal(first.durability, "sync");
    assert.equal(refused, "WE_WORLD_INPUT_SIZE");
    assert.deepEqual(duplicate, { ...first, duplicate: true });
    assert.deepEqual(await world.sendMany([]), []);
    await assert.rejects(
      world.sendMany([
        { agentId: "a1", payload: 7 },
        { agentId: "no id", payload: 8 },
      ]),
      { code: "WE_AGENT_SPEC" },
    );
    await world.stop();
    const bodies = loggedInputs(world.dir).map(
      ({ body, key }) => body.kind === "message" && [body.topic, key],
    );
    assert.deepEqual(bodies, [
      ["message", undefined],
      ["message", "once"],
      ["message", undefined],
      ["message", "once"],
      ["last", undefined],
      ["message", undefined],
    ]);
    await assert.rejects(world.sendMany([{ agentId: "a1", payload: 9 }]), { code: "WE_WORLD_ENDED" });
  });
}

test("[S14.send] the idempotency key of an input reaches the log, and the world takes it once", async () => {
  await using world = await quietWorld();
  await world.send("a1", 1, { key: "once" });
  await world.run();
  const before = await world.inspect({ agent: "a1" });
  await world.send("a1", 1, { key: "once" });
  await world.run();
  const after = await world.inspect({ agent: "a1" });
  assert.equal(after.agents[0]?.messages, before.agents[0]?.messages);
  await world.stop();
  assert.deepEqual(
    loggedInputs(world.dir).map(({ key }) => key),
    ["once", "once"],
  );
});

test("[G10] an ask that cannot be delivered is rejected with the world's reason", async () => {
  await using world = await quietWorld();
  await assert.rejects(world.ask("nobody", 1), { code: "WE_ASK_FAILED" });
});

test("an abandoned ask leaves the world running", async () => {
  await using world = await quietWorld();
  await world.pause();
  const controller = new AbortController();
  const asking = world.ask("a1", 1, { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(asking, { code: "WE_WORLD_ABORTED", exitCode: 130 });
  await world.resume();
  assert.equal((await world.ask("a1", 2)).agentId, "a1");
});

test("founding interface: agents are started, tasks scheduled, channels joined, telemetry hooked", async () => {
  await using world = await quietWorld();
  const ticks: number[] = [];
  const forget = world.registerTelemetryHook((event) => {
    if (event.kind === "progress") ticks.push(event.progress.tick);
  });
  const id = await world.spawnAgent({
    id: "late",
    module: "folder",
    capabilities: { topics: ["*"], send: ["*"] },
  });
  assert.equal(id, "late");
  await world.scheduleTask("late", { taskId: "t1", payload: { n: 1 } });
  await world.joinChannel("late", "news");
  const answer = await world.ask("late", "hi");
  assert.equal(answer.agentId, "late");
  const state = await world.snapshotState();
  const late = state.agents.find(({ agentId }) => agentId === "late");
  assert.deepEqual(late?.topics, ["news"]);
  assert.deepEqual(state.onnxModelStates, []);
  assert.ok(state.tick >= 0);
  await world.run();
  forget();
  assert.ok(ticks.length > 0);
});

test("[G10] a bad agent specification is refused before it is logged", async () => {
  await using world = await quietWorld();
  const bad = [
    { id: "bad id", module: "folder" },
    { id: "x", module: "absent" },
    { id: "x", module: "folder", tenant: "x", limits: { memoryBytes: 1 } },
  ];
  for (const spec of bad)
    await assert.rejects(world.spawnAgent(spec), { code: "WE_AGENT_SPEC", exitCode: 2 });
  await world.stop();
  assert.equal(loggedInputs(world.dir).length, 0);
});

test("[S14.step] a paused world logs and acknowledges inputs, and executes them when stepped", async () => {
  await using world = await quietWorld();
  await world.pause();
  const sent = await world.send("a1", 1);
  const resting = await world.inspect();
  assert.equal(resting.tick, -1);
  const stepped = await world.step();
  assert.equal(stepped.tick, sent.tick);
  assert.equal((await world.inspect()).tick, sent.tick);
});

test("agents are paused, resumed, stopped and terminated by logged inputs", async () => {
  await using world = await quietWorld();
  await world.controlAgent("a1", "pause");
  await world.run();
  assert.equal((await world.inspect({ agent: "a1" })).agents[0]?.status, "paused");
  await world.controlAgent("a1", "resume");
  await world.controlAgent("a2", "terminate");
  await world.controlAgent("a3", "stop");
  await world.run();
  const { agents } = await world.inspect();
  assert.deepEqual(
    agents.map(({ agentId }) => agentId),
    ["a1", "a4", "a5", "sink"],
  );
});

test("[G3] a killed world process is an error that names the run, and the run goes on", async () => {
  const world = await quietWorld("process");
  await world.send("a1", 1);
  const waiting = world.messages("score");
  const reading = (async () => {
    for await (const message of waiting) if (message.tick > 1e6) return;
  })();
  process.kill(world.pid, "SIGKILL");
  await assert.rejects(reading, (error: { code: string; message: string }) => {
    assert.equal(error.code, "WE_WORLD_DIED");
    assert.ok(error.message.includes("SIGKILL") && error.message.includes(world.dir));
    return true;
  });
  await assert.rejects(world.send("a1", 2), { code: "WE_WORLD_DIED" });
  await using resumed = await Engine.open(world.dir, { resume: true, isolation: "inline" });
  assert.equal((await resumed.ask("a1", 3)).agentId, "a1");
});

test("calls to a world that has ended are refused", async () => {
  const world = await quietWorld();
  const result = await world.stop();
  assert.equal(result.reason, "stopped");
  await assert.rejects(world.send("a1", 1), { code: "WE_WORLD_ENDED" });
  assert.deepEqual(await world.stop(), result);
  await world.close();
});

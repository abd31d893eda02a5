/** Worlds inside of tests: what they show of TypeScript, AssemblyScript and C agents, and that they are the real ones. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Engine } from "@wasm-engine/engine";
import {
  assertGolden,
  assertSameRun,
  createWorld,
  fail,
  inOrder,
  never,
  scripted,
  standIn,
} from "@wasm-engine/engine/testing";
import type { MiniWorld } from "@wasm-engine/engine/testing";
import { repositoryRoot } from "./testing/repository.js";
import { projectOf } from "./testing/typescript-world.js";

const answerer = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["models", "tools", "topics"],
  state: { answered: 0 },
  async onMessage(message, ctx) {
    if (message.topic === "boom") throw new Error("planned failure");
    const prompt = [{ role: "user", content: message.body.text }];
    const plan = await ctx.chat("writer", prompt, { maxTokens: 64 }).catch((error) => ({ text: error.code }));
    const facts = await ctx.tool("search", { query: plan.text }).catch((error) => error.code);
    await ctx.sleep(3);
    ctx.state.answered += 1;
    ctx.log("answering", message.body.text);
    ctx.publish("answers", { of: message.body.text });
    if (message.answerWanted) message.reply({ plan: plan.text, facts });
  },
});
`;
const relay = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  async onMessage(message, ctx) {
    const { body } = await ctx.ask("answerer", message.body, { timeoutTicks: 50 });
    if (message.answerWanted) message.reply(body);
  },
});
`;
const project = projectOf({ "agents/answerer.ts": answerer, "agents/relay.ts": relay });
after(() => project.remove());

async function assistants(overrides: object = {}): Promise<MiniWorld> {
  return await createWorld({
    directory: project.folder,
    agents: { answerer: "agents/answerer.ts", relay: "agents/relay.ts" },
    models: { writer: scripted([{ when: { last: /why (\w+)/ }, answer: "because of {1}" }]) },
    tools: { search: async ({ query }: { query: string }) => await Promise.resolve({ hits: [query] }) },
    seed: 11,
    ...overrides,
  });
}

test("an agent is asked, and everything that happened is there to be compared", async () => {
  await using world = await assistants();
  const reply = await world.ask("relay", { text: "why rain" });
  assert.deepEqual(reply, { plan: "because of rain", facts: { hits: ["because of rain"] } });
  assert.deepEqual(world.messages({ from: "relay", to: "answerer" }), [
    { tick: 0, from: "relay", to: "answerer", kind: "message", topic: "", body: { text: "why rain" } },
  ]);
  assert.deepEqual(
    world.messages({ kind: "publish" }).map(({ from, topic, body }) => ({ from, topic, body })),
    [{ from: "answerer", topic: "answers", body: { of: "why rain" } }],
  );
  const [prompt] = world.requests({ agent: "answerer", kind: "inference" });
  assert.deepEqual(prompt?.messages, [{ role: "user", content: "why rain" }]);
  const usage = { finishReason: "stop", promptTokens: 2, completionTokens: 3 };
  assert.deepEqual(prompt.answer, { tick: 2, ok: true, body: { text: "because of rain", ...usage } });
  const { state, console: lines, faults, pending } = world.agent("answerer");
  assert.deepEqual([state, faults, pending], [{ answered: 1 }, [], []]);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ["answering why rain"],
  );
  assert.deepEqual(
    world.effects({ agent: "answerer" }).map(({ kind }) => kind),
    ["infer", "tool", "schedule", "log", "publish", "send"],
  );
  assert.ok(world.agent("answerer").fuelOf(1) > 0);
  assert.equal(world.agent("answerer").fuelOf(4), 0, "it sleeps");
});

test("what an agent waits for is seen, and an answer that never comes is a timeout", async () => {
  await using world = await assistants({ models: { writer: () => never } });
  world.send("answerer", { text: "why" });
  await world.run({ ticks: 5 });
  assert.equal(world.tick, 4);
  assert.deepEqual(world.agent("answerer").pending, [
    { kind: "chat", name: "writer", sinceTick: 0, deadlineTick: 600 },
  ]);
  await world.run();
  assert.deepEqual(world.requests({ kind: "tool" })[0]?.input, { query: "TIMEOUT" });
});

test("failures of tools reach the agent by their code, thrown errors as FAILED", async () => {
  for (const [search, facts] of [
    [() => fail("RATE_LIMITED"), "RATE_LIMITED"],
    [() => Promise.reject(new Error("down")), "FAILED"],
  ] as const) {
    await using world = await assistants({ tools: { search } });
    assert.deepEqual(await world.ask("answerer", { text: "why me" }), { plan: "because of me", facts });
  }
});

test("the failure of an agent names the line of its source", async () => {
  await using world = await assistants();
  await assert.rejects(world.ask("answerer", {}, { topic: "boom" }), (error: Error & { code: string }) => {
    assert.equal(error.code, "WE_TEST_AGENT_FAULT");
    assert.match(error.message, /planned failure[\s\S]*answerer\.ts:6/);
    return true;
  });
});

test("a fork goes on by itself, a snapshot is gone back to, equal worlds have equal heads", async () => {
  await using world = await assistants();
  await using twin = await assistants();
  await world.ask("answerer", { text: "why one" });
  await twin.ask("answerer", { text: "why one" });
  assert.equal(world.chainHead, twin.chainHead);
  const snapshot = world.snapshot();
  using fork = world.fork({ tools: { search: () => fail("GONE") } });
  assert.deepEqual(await fork.ask("answerer", { text: "why two" }), {
    plan: "because of two",
    facts: "GONE",
  });
  assert.equal(world.chainHead, twin.chainHead, "the world knows nothing of its fork");
  await world.ask("answerer", { text: "why two" });
  await twin.ask("answerer", { text: "why two" });
  assert.notEqual(world.chainHead, fork.chainHead);
  assert.equal(world.chainHead, twin.chainHead);
  world.restore(snapshot);
  assert.equal(world.messages().length, fork.messages().length - 3);
  await world.ask("answerer", { text: "why two" });
  assert.equal(world.chainHead, twin.chainHead, "as if nothing had been");
});

test("a fork takes along what is under way", async () => {
  let calls = 0;
  const writer = (): string => `call ${(calls += 1)}`;
  await using world = await assistants({ models: { writer: { answer: writer, latencyTicks: 6 } } });
  world.send("answerer", { text: "why" });
  await world.run({ ticks: 3 });
  using fork = world.fork();
  await fork.run();
  await world.run();
  assert.equal(calls, 1);
  assert.equal(fork.chainHead, world.chainHead);
});

test("[G2] a world of a test is the world of a run: one configuration, one chain", async () => {
  const config = `version: 1
name: twin
seed: 5
stateHashEvery: 2
stop: { when: idle, maxTicks: 200 }
modules: { answerer: ./agents/answerer.ts, relay: ./agents/relay.ts }
agents:
  - { id: answerer, module: answerer, capabilities: { send: ["*"], topics: ["*"], models: ["*"], tools: ["*"] } }
  - { id: relay, module: relay, every: 7, capabilities: { send: ["*"] } }
inputs: [{ file: ./questions.jsonl, at: tick, to: "{to}", topic: question }]
`;
  writeFileSync(join(project.folder, "engine.yaml"), config);
  const records = Array.from({ length: 12 }, (_, index) => ({
    tick: index * 3,
    to: "relay",
    text: `why ${index}`,
  }));
  const lines = records.map((record) => JSON.stringify(record)).join("\n");
  writeFileSync(join(project.folder, "questions.jsonl"), lines);
  await using real = await Engine.open(project.config, { isolation: "inline" });
  const result = await real.run();
  await using world = await createWorld({ config: project.config });
  await world.run({ ticks: result.ticks });
  assert.equal(world.chainHead, result.chainHead);
  assert.equal(world.stateHash, result.stateHash);
  assert.equal(world.messages({ from: "relay", to: "answerer" }).length, 12);
  assert.deepEqual(world.faults, []);
});

test("AssemblyScript agents live in the same world", async () => {
  await using world = await createWorld({
    agents: { counter: join(repositoryRoot, "sdk/assemblyscript/examples/counter.ts") },
    directory: project.folder,
  });
  assert.deepEqual(await world.ask("counter", { word: "so" }), { word: "so", count: 1 });
  assert.deepEqual(world.agent("counter").state, { words: 1 });
});

test("a golden file keeps a run; what has changed is told by its place", async () => {
  const file = join(project.folder, "golden/assistants.json");
  const runOf = async (text: string, overrides: object = {}): Promise<MiniWorld> => {
    const world = await assistants(overrides);
    await world.ask("relay", { text });
    return world;
  };
  await using world = await runOf("why rain");
  assert.throws(() => assertGolden(world, file), { code: "WE_TEST_GOLDEN_MISSING" });
  process.env["WASM_ENGINE_UPDATE_GOLDEN"] = "1";
  assertGolden(world, file);
  delete process.env["WASM_ENGINE_UPDATE_GOLDEN"];
  const golden = JSON.parse(readFileSync(file, "utf8")) as { agents: Record<string, { described: unknown }> }; // written above
  assert.deepEqual(golden.agents["answerer"]?.described, { state: { answered: 1 }, waiting: [], queued: 0 });
  await using same = await runOf("why rain");
  assertGolden(same, file);
  assertSameRun(world, same);
  await using other = await runOf("why snow");
  assert.throws(() => assertGolden(other, file), {
    code: "WE_TEST_GOLDEN_CHANGED",
    message: /messages\[0\]\.body\.text \(tick 0, from outside\) is "why snow", not "why rain"/,
  });
  assert.throws(() => assertSameRun(world, other), {
    code: "WE_TEST_DIVERGED",
    message: /"why rain" and "why snow"/,
  });
  await using seeded = await runOf("why rain", { seed: 12 });
  assert.throws(() => assertSameRun(world, seeded), { code: "WE_TEST_DIVERGED", message: /chainHead/ });
  assert.throws(() => assertGolden(seeded, file), { code: "WE_TEST_GOLDEN_CHANGED", message: /chainHead/ });
});

test("a golden file without fuel and chain head outlives a change that says the same", async () => {
  const file = join(project.folder, "golden/loose.json");
  await using world = await assistants();
  await world.ask("answerer", { text: "why" });
  process.env["WASM_ENGINE_UPDATE_GOLDEN"] = "1";
  assertGolden(world, file, { exact: false });
  delete process.env["WASM_ENGINE_UPDATE_GOLDEN"];
  await using seeded = await assistants({ seed: 99 });
  await seeded.ask("answerer", { text: "why" });
  assertGolden(seeded, file, { exact: false });
});

test("mistakes of a test are coded errors", async () => {
  await using world = await assistants({ models: { writer: () => never } });
  await assert.rejects(world.ask("nobody", {}), { code: "WE_ASK_FAILED", message: /UNDELIVERABLE/ });
  assert.throws(() => world.agent("nobody"), { code: "WE_AGENT_UNKNOWN" });
  await assert.rejects(world.ask("relay", { text: "x" }, { ticksMax: 2 }), { code: "WE_TEST_TICKS_LIMIT" });
  world.close();
  assert.throws(() => world.send("relay", {}), { code: "WE_TEST_CLOSED" });
  const config = project.config;
  await assert.rejects(createWorld({ config, models: { none: () => "" } }), {
    code: "WE_TEST_OPTION",
    message: /"models" answers for "none"/,
  });
  const silent = { "agents/silent.ts": "" };
  writeFileSync(
    join(project.folder, Object.keys(silent)[0] ?? ""),
    'import { defineAgent } from "wasm-engine/agent"; export const agent = defineAgent({ onMessage() {} });',
  );
  await using quiet = await createWorld({
    directory: project.folder,
    agents: { silent: "agents/silent.ts" },
  });
  await assert.rejects(quiet.ask("silent", {}), {
    code: "WE_TEST_UNANSWERED",
    message: /at rest at tick 0; it waits for nothing/,
  });
});

test("capabilities: all that a module declares, unless the test says otherwise", async () => {
  await using denied = await createWorld({
    directory: project.folder,
    agents: {
      answerer: "agents/answerer.ts",
      relay: { module: "agents/relay.ts", deny: ["send"] },
    },
    models: { writer: () => "plan" },
    tools: { search: () => null },
  });
  await assert.rejects(denied.ask("relay", { text: "x" }), {
    code: "WE_TEST_AGENT_FAULT",
    message: /refused/i,
  });
  assert.deepEqual(
    denied.deadLetters.map(({ agent, reason }) => [agent, reason]),
    [
      ["answerer", "DENIED"],
      ["relay", "FAULT"],
    ],
  );
});

test("what a configuration names and the test does not answers as in a run", async () => {
  const files = {
    "asker.ts": `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  capabilities: ["models", "tools"],
  async onMessage(message, ctx) {
    const { text } = await ctx.chat("writer", [{ role: "user", content: message.body }]);
    const length = await ctx.tool("measure", { text }).catch((error) => error.code);
    const served = await ctx.chat("served", [{ role: "user", content: "?" }]).catch((error) => error.message);
    message.reply({ text, length, served });
  },
});`,
    "measure.ts": `export const measure = { run: ({ text }: { text: string }) => text.length };`,
    "writer.yaml": '- { when: { last: "/plan (.+)/" }, answer: "about {1}" }\n- { error: { code: LOST } }\n',
    "engine.yaml": `version: 1
name: answered
modules: { asker: ./asker.ts }
models:
  writer: { scripted: ./writer.yaml, latencyTicks: 3 }
  served: "openai:http://127.0.0.1:9/v1#none"
tools: { measure: ./measure.ts }
agents: [{ id: asker, module: asker, capabilities: { models: ["*"], tools: ["*"] } }]
`,
  };
  const answered = projectOf(files);
  after(() => answered.remove());
  const { config } = answered;
  await using world = await createWorld({ config });
  const served = 'chat served: no adapter answers inference requests for "served" in this run';
  assert.deepEqual(await world.ask("asker", "plan one"), { text: "about one", length: 9, served });
  assert.equal(world.requests({ name: "writer" })[0]?.answer?.tick, 3);
  const measure = (): number => 1;
  await using other = await createWorld({ config, tools: { measure } });
  assert.deepEqual(await other.ask("asker", "plan two"), { text: "about two", length: 1, served });
});

test("stand-ins say and answer what they were told", async () => {
  await using world = await createWorld({
    directory: project.folder,
    agents: {
      relay: "agents/relay.ts",
      answerer: standIn({
        says: [{ tick: 4, to: "relay", topic: "late", body: Uint8Array.of(1, 2, 255) }],
        answers: [{ body: { ok: 1 } }, { error: { code: "BUSY", message: "not now" }, afterTicks: 3 }, null],
      }),
    },
    inputs: [{ tick: 2, to: "relay", topic: "first", body: "hello" }],
  });
  assert.deepEqual(await world.ask("relay", "one"), { ok: 1 });
  await assert.rejects(world.ask("relay", "two"), { message: /not now/ });
  assert.deepEqual(world.messages({ from: "answerer", topic: "late" })[0]?.body, Uint8Array.of(1, 2, 255));
  assert.deepEqual(world.messages({ topic: "first" })[0], {
    tick: 2,
    from: null,
    to: "relay",
    kind: "message",
    topic: "first",
    body: "hello",
  });
});

test("answers in order are each agent's own, and end", async () => {
  await using world = await assistants({
    models: { writer: inOrder(["one", fail("LOST"), "three"], { latencyTicks: [1, 4, 2] }) },
  });
  assert.deepEqual(await world.ask("answerer", { text: "a" }), { plan: "one", facts: { hits: ["one"] } });
  assert.deepEqual(await world.ask("answerer", { text: "b" }), { plan: "LOST", facts: { hits: ["LOST"] } });
  const answers = world.requests({ kind: "inference" }).map(({ tick, answer }) => (answer?.tick ?? 0) - tick);
  assert.deepEqual(answers, [1, 4]);
});

test("C agents live in the same world", async (context) => {
  const root = join(repositoryRoot, "apps/cli/templates/c");
  if (!existsSync(join(root, "agents/meter.wasm"))) return context.skip("the template in C is not there");
  await using world = await createWorld({
    directory: project.folder,
    agents: { meter: { module: join(root, "agents/meter.wasm"), args: { tolerance: 5 } } },
  });
  for (const celsius of [20, 21, 40]) world.send("meter", { celsius });
  await world.run();
  assert.deepEqual(world.messages({ from: "meter", topic: "alarm" }).length, 1);
  assert.deepEqual(world.faults, []);
});

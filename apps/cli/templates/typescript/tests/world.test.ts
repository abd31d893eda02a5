// The whole world of engine.yaml, with a model and a tool that the test makes up: no server, no money.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertGolden, createWorld, fail, scripted, type ModelFunction } from "wasm-engine/testing";
import { findNote } from "../tools/search";

/** The world with one question. */
async function worldAsked(writer: ModelFunction) {
  const tools = { search: () => ({ text: "Short waves scatter most.", source: "Rayleigh" }) };
  const world = await createWorld({ config: "engine.yaml", inputs: false, models: { writer }, tools });
  world.send("researcher", { id: "q", text: "Why is the sky blue?" });
  return world;
}

test("a draft without a source is written again, with the critic's reason in the prompt", async () => {
  const world = await worldAsked(scripted(["It scatters.", "It scatters. (source: Rayleigh)"]));
  await world.run();
  const [first, second] = world.requests({ kind: "inference" });
  assert.match(first?.messages[0]?.content ?? "", /Facts: Short waves scatter most\. \[Rayleigh\]/);
  assert.equal(second?.messages.at(-1)?.content, "name your source");
  const [answer] = world.messages({ topic: "answer" });
  assert.deepEqual(answer?.body, {
    id: "q",
    question: "Why is the sky blue?",
    text: "It scatters. (source: Rayleigh)",
    accepted: true,
    attempts: 2,
  });
});

test("while it waits, the researcher says what for", async () => {
  const world = await worldAsked(scripted(["No source.", "It scatters. (source: me)"]));
  await world.run({ ticks: 10 });
  const [pending] = world.agent("researcher").pending;
  assert.equal(pending?.kind, "sleep");
  await world.run();
  assert.deepEqual(world.agent("researcher").pending, []);
});

test("a model that fails costs one answer and no agent", async () => {
  const world = await worldAsked(() => fail("FAILED", "out of tokens"));
  await world.run();
  const [answer] = world.messages({ topic: "answer" });
  assert.deepEqual(answer?.body, { id: "q", question: "Why is the sky blue?", error: "FAILED" });
  assert.deepEqual(world.agent("researcher").state, { answered: 0, failed: 1 });
  assert.deepEqual(world.faults, []);
});

test("the questions of data/ lead to what is kept in golden/answers.json", async () => {
  const writer = scripted([
    { when: { system: /Facts: (.+) \[(.+)\]/, nth: 2 }, answer: "{1} (source: {2})" },
    { when: { system: /Facts: (.+) \[/ }, answer: "{1}" },
  ]);
  const tools = { search: ({ query }: { query: string }) => findNote(query) };
  const world = await createWorld({ config: "engine.yaml", models: { writer }, tools });
  await world.run();
  // Where a change is meant: npx wasm-engine test --update
  assertGolden(world, "golden/answers.json", { exact: false });
});

// The whole world of engine.yaml, with models that the test makes up and tools called as in a run: no server, no money.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertGolden,
  createWorld,
  fail,
  scripted,
  type ModelFunction,
  type NewAnswers,
} from "wasm-engine/testing";
import search from "../tools/search";

/** The world with one question. */
async function worldAsked(writer: ModelFunction, tools: NewAnswers["tools"] = { search }) {
  const world = await createWorld({ config: "engine.yaml", inputs: false, models: { writer }, tools });
  world.send("researcher", { id: "q", text: "Why is the sky blue?" });
  return world;
}

test("a draft without a source is written again, with the critic's reason in the prompt", async () => {
  const world = await worldAsked(scripted(["It scatters.", "It scatters. (source: Rayleigh)"]));
  await world.run();
  const [first, second] = world.requests({ kind: "inference" });
  assert.match(first?.messages[0]?.content ?? "", /Facts: Air scatters .* \[Rayleigh 1871\]/);
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

test("a tool that fails does so too", async () => {
  const world = await worldAsked(scripted([]), { search: () => fail("RATE_LIMITED") });
  await world.run();
  const [answer] = world.messages({ topic: "answer" });
  assert.deepEqual(answer?.body, { id: "q", question: "Why is the sky blue?", error: "RATE_LIMITED" });
});

test("the questions of data/ lead to what is kept in golden/answers.json", async () => {
  // Nothing is made up: the rules of models/ and the tool of tools/ answer as in a run.
  const world = await createWorld({ config: "engine.yaml" });
  await world.run();
  // Where a change is meant: npx wasm-engine test --update
  assertGolden(world, "golden/answers.json", { exact: false });
});

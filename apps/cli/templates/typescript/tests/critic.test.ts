// A world inside of a test: the real engine without a process, a log or a clock. Paths are relative to the project.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "wasm-engine/testing";

test("the critic wants a source and few words", async () => {
  const world = await createWorld({ agents: { critic: "./agents/critic.ts" } });
  const judge = (text: string) => world.ask("critic", { question: "Why?", text });
  assert.deepEqual(await judge("Because."), { accepted: false, reason: "name your source" });
  assert.deepEqual(await judge("Because. (source: me)"), { accepted: true, reason: "" });
  assert.deepEqual(await judge(`${"So ".repeat(100)} (source: me)`), {
    accepted: false,
    reason: "shorten it to 300 characters",
  });
  assert.deepEqual(world.agent("critic").state, { accepted: 1, rejected: 2 });
});

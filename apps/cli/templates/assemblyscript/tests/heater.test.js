// A world inside of a test: the real engine without a process, a log or a clock. Paths are relative to the project.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "wasm-engine/testing";

test("the heater gives one degree at most, and none where it is warm enough", async () => {
  const heater = { module: "./agents/heater.ts", args: { target: 20 } };
  const world = await createWorld({ agents: { heater } });
  assert.deepEqual(await world.ask("heater", { celsius: 12 }), { degrees: 1 });
  assert.deepEqual(await world.ask("heater", { celsius: 19.5 }), { degrees: 0.5 });
  assert.deepEqual(await world.ask("heater", { celsius: 21 }), { degrees: 0 });
  assert.deepEqual(world.agent("heater").described, { target: 20, readings: 3 });
});

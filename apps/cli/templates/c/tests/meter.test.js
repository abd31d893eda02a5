// A world inside of a test: the real engine without a process, a log or a clock. Paths are relative to the project.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "wasm-engine/testing";

// With clang you can test the source itself: "./agents/meter.c".
const meter = { module: "./agents/meter.wasm", args: { tolerance: 5 } };

test("a reading far from the mean is an alarm, and does not move the mean", async () => {
  const world = await createWorld({ agents: { meter } });
  for (const celsius of [20, 21, 40]) world.send("meter", { celsius });
  assert.deepEqual(await world.ask("meter", { celsius: 20 }), { celsius: 20, mean: 20.125, alarm: false });
  const alarms = world.messages({ topic: "alarm" });
  assert.deepEqual(
    alarms.map(({ body }) => body.celsius),
    [40],
  );
  assert.deepEqual(world.agent("meter").described, { mean: 20.109375, readings: 4, alarms: 1 });
});

test("every alarm of engine.yaml's readings is found", async () => {
  const world = await createWorld({ config: "engine.yaml" });
  await world.run();
  const alarms = world.messages({ topic: "alarm" });
  assert.deepEqual(
    alarms.map(({ from, tick }) => [from, tick]),
    [
      ["north", 23],
      ["south", 41],
      ["south", 42],
    ],
  );
  assert.deepEqual(world.faults, []);
});

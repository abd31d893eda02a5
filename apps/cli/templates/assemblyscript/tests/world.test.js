// The whole world of engine.yaml, and two of it: same seed, same history.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorld } from "wasm-engine/testing";

test("the room is heated and reports at its end", async () => {
  const world = await createWorld({ config: "engine.yaml" });
  await world.run();
  const [report] = world.messages({ topic: "report" });
  assert.ok(report.body.heated > 0);
  assert.ok(report.body.celsius > 15 && report.body.celsius < 25, `${report.body.celsius} degrees`);
  assert.deepEqual(world.faults, []);
});

test("worlds of one seed have one history, worlds of another seed another", async () => {
  const heads = [];
  for (const seed of [1, 1, 2]) {
    const world = await createWorld({ config: "engine.yaml", seed });
    await world.run({ ticks: 50 });
    heads.push(world.chainHead);
  }
  assert.equal(heads[0], heads[1]);
  assert.notEqual(heads[0], heads[2]);
});

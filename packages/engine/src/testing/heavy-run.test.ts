import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { readRunStore } from "../world/run-store.js";
import { heavyRun } from "./heavy-run.js";
import { freshFolder } from "./run-folders.js";
import { sampleWorld } from "./sample-world.js";

const directory = freshFolder("heavy");
const dir = join(directory, "run");

test("[G4] snapshot, restore, continue at every tick: the commits of the undisturbed run", async () => {
  const world = await Engine.open(await sampleWorld({ directory, stateHashEvery: 1 }), {
    dir,
    isolation: "inline",
  });
  await world.run();
  await world.close();
  const { commits } = readRunStore(dir).recovered;
  const report = heavyRun(dir, { from: 0, ticks: 200 });
  assert.deepEqual(report, { ticks: commits, restored: commits, images: commits * 6 });
  assert.ok(commits > 50, `${commits} ticks have work`);
});

test("[G4] heavy mode finds a snapshot that forgets a byte of one agent", () => {
  const spoiled = (tick: number): void => {
    let isSpoiled = false;
    heavyRun(dir, { from: 0, ticks: 200 }, (image, at) => {
      if (at !== tick || isSpoiled) return image;
      isSpoiled = true;
      const memory = image.memory.slice();
      memory[0] = (memory[0] ?? 0) ^ 1;
      return { ...image, memory };
    });
  };
  assert.throws(() => spoiled(30), /at or before tick 30 is another one: state hash/);
});

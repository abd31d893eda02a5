import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { askerText } from "../testing/guest-text.js";
import { freshFolder, loggedInputs, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { ResolvedWorld } from "./contract.js";

const folder = freshFolder("request");

async function askingWorld(directory: string): Promise<ResolvedWorld> {
  const sample = await sampleWorld({
    directory,
    text: askerText,
    records: 20,
    span: 10,
    stop: { when: "idle" },
  });
  const agents = sample.genesis.agents.map((agent) => {
    return { ...agent, every: 0, capabilities: { ...agent.capabilities, models: ["m"] } };
  });
  return { ...sample, genesis: { ...sample.genesis, agents, models: ["m"] } };
}

test("[G4] a request that no adapter answers fails in the next tick, by a logged input that replay reads", async () => {
  const directory = join(folder, "plain");
  await using world = await Engine.open(await askingWorld(directory), { isolation: "inline" });
  const result = await world.run();
  assert.equal(result.reason, "idle");
  assert.equal(result.inferences, 20);
  assert.equal(result.faults, 0);
  const lines = outputOf(directory).trimEnd().split("\n");
  assert.equal(lines.length, 20);
  assert.match(lines[0] ?? "", /"code":"FAILED"/);
  const results = loggedInputs(result.dir).filter(({ body }) => body.kind === "result");
  assert.equal(results.length, 20);
  const report = await replayRun(result.dir, { isolation: "inline" });
  assert.equal(report.verified, true);
});

test("[G3] a crash while requests are under way answers each exactly once", async () => {
  const plain = join(folder, "undisturbed");
  await using world = await Engine.open(await askingWorld(plain), { isolation: "inline" });
  const undisturbed = await world.run();
  for (const passage of [6, 9, 12, 20]) {
    const directory = join(folder, `crash-${passage}`);
    const dir = join(directory, "run");
    const crashing = Engine.open(await askingWorld(directory), {
      dir,
      testing: { crash: { point: "any", passage } },
    }).then((doomed) => doomed.run());
    await assert.rejects(crashing, { code: "WE_WORLD_DIED" });
    await using resumed = await Engine.open(dir, { resume: true, isolation: "inline" });
    const result = await resumed.run();
    assert.equal(result.chainHead, undisturbed.chainHead);
    assert.equal(outputOf(directory), outputOf(plain));
  }
});

test("[G3] requests that a snapshot finds under way are answered after it", async () => {
  const plain = join(folder, "whole");
  await using world = await Engine.open(await askingWorld(plain), { isolation: "inline" });
  const whole = await world.run();
  const directory = join(folder, "parts");
  const dir = join(directory, "run");
  const first = await Engine.open(await askingWorld(directory), { isolation: "inline", dir });
  await first.run({ ticks: 5 });
  await first.stop();
  await using second = await Engine.open(dir, { resume: true, isolation: "inline" });
  const result = await second.run();
  assert.equal(result.chainHead, whole.chainHead);
  assert.equal(result.turnsExecuted, whole.turnsExecuted);
  assert.equal(outputOf(directory), outputOf(plain));
});

/** What a client is told while a world runs is what `logs` computes afterwards. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { logsOfRun } from "../client/replay-run.js";
import { projectFolder } from "../testing/project.js";
import type { ObservedTick } from "./control.js";

const talker = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  async onStart(message, ctx) {
    for (let round = 0; round < 3; round += 1) {
      ctx.log("round", round);
      await ctx.sleep(2);
    }
    if (message.body.fails) throw new Error("planted");
    ctx.exit(message.body.code);
  },
});
`;

const configuration = `version: 1
name: talk
seed: 1
stop: { when: idle }
modules: { talker: ./talker.js }
agents:
  - { id: failing, module: talker, args: { fails: true }, onFault: { strategy: stop } }
  - { id: leaving, module: talker, args: { code: 3 } }
`;

test("an observing client hears console lines, faults with their places, and exit codes", async (context) => {
  const folder = projectFolder(context, { "talker.js": talker, "engine.yaml": configuration });
  await using world = await Engine.open(join(folder, "engine.yaml"), { isolation: "inline", observe: true });
  const told: ObservedTick[] = [];
  world.registerTelemetryHook((event) => {
    if (event.kind === "observed") told.push(event.observed);
  });
  const { dir } = await world.run();
  await world.close();
  const lines = told.flatMap(({ tick, lines }) =>
    lines.map(({ agentId, text }) => ({ tick, agentId, text })),
  );
  const logged = await logsOfRun(dir, { isolation: "inline" });
  const kept = logged.filter(({ level }) => level !== "fault");
  assert.deepEqual(
    lines,
    kept.map(({ tick, agentId, text }) => ({ tick, agentId, text })),
  );
  assert.ok(lines.length >= 6);
  const faults = told.flatMap((observed) => observed.faults);
  assert.equal(faults.length, 1);
  assert.match(faults[0]?.detail ?? "", /planted[^]*talker\.js:8/);
  assert.deepEqual(
    told.flatMap(({ tick, exits }) => exits.map((exit) => ({ tick, ...exit }))),
    [{ tick: 6, agentId: "leaving", code: 3 }],
  );
});

test("who does not ask is told nothing", async (context) => {
  const folder = projectFolder(context, { "talker.js": talker, "engine.yaml": configuration });
  await using world = await Engine.open(join(folder, "engine.yaml"), { isolation: "inline" });
  const kinds = new Set<string>();
  world.registerTelemetryHook(({ kind }) => kinds.add(kind));
  await world.run();
  assert.deepEqual([...kinds], ["progress"]);
});

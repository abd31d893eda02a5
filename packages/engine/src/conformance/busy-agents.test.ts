/** Turns of several slices in a whole world: killed, snapshotted and resumed while agents are busy. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { freshFolder, inLanes, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import type { ResolvedWorld } from "../world/contract.js";
import { readRunStore } from "../world/run-store.js";
import { decodeContent } from "../world/snapshot-content.js";

const folder = freshFolder("busy");
const inline = { isolation: "inline" } as const;
/** A message costs about 1,300 fuel, so a turn with one message takes six ticks. */
const limits = { fuelPerSlice: 250, fuelPerTurnMax: 100_000 };

let undisturbed: RunResult;
let output = "";

/** The sample world with slow agents; a snapshot at every tick. */
async function busyWorld(name: string): Promise<ResolvedWorld> {
  const directory = join(folder, name);
  const sample = await sampleWorld({ directory, records: 40, span: 40, snapshotEvery: 1, stateHashEvery: 2 });
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, limits: { ...agent.limits, ...limits } }));
  return { ...sample, genesis: { ...sample.genesis, agents } };
}

before(async () => {
  await using world = await Engine.open(await busyWorld("undisturbed"), inline);
  undisturbed = await world.run();
  output = outputOf(join(folder, "undisturbed"));
});

/** Ticks at which at least one agent was busy, with the pending journals that their snapshots hold. */
function busySnapshots(dir: string): Map<number, number> {
  const run = readRunStore(dir);
  const ticks = readdirSync(join(dir, "snapshots")).map((name) => Number(name.slice(0, 16)) - 1);
  const busy = new Map<number, number>();
  for (const tick of ticks) {
    const snapshot = run.newestSnapshot(tick);
    const pending =
      snapshot === undefined ? [] : decodeContent(snapshot).images.filter((image) => image.pending);
    if (pending.length > 0) busy.set(tick, pending.length);
  }
  return busy;
}

function assertUndisturbed(name: string, result: RunResult): void {
  assert.equal(result.chainHead, undisturbed.chainHead, name);
  assert.equal(result.stateHash, undisturbed.stateHash, name);
  assert.equal(result.fuel, undisturbed.fuel, name);
  assert.equal(outputOf(join(folder, name)), output, name);
}

test("[G4] snapshots hold agents in the middle of a turn; replay from each of them reproduces the chain", async () => {
  const busy = busySnapshots(undisturbed.dir);
  assert.ok(busy.size > 20, `${busy.size} snapshots with busy agents`);
  assert.ok(Math.max(...busy.values()) > 1, "several agents are busy at once");
  for (const tick of [...busy.keys()].filter((_, index) => index % 3 === 0)) {
    const report = await replayRun(undisturbed.dir, { from: tick, ...inline });
    assert.equal(report.verified, true, `from ${tick}: ${JSON.stringify(report.firstDivergence)}`);
    assert.equal(report.chainHead, undisturbed.chainHead);
    assert.equal(report.from, tick + 1);
  }
});

test("[S14.inspect] a busy agent is shown as busy, with the same digest wherever it is computed", async () => {
  const [tick] = [...busySnapshots(undisturbed.dir).keys()].slice(5);
  assert.ok(tick !== undefined);
  const report = await inspectRun(undisturbed.dir, { at: tick, ...inline });
  assert.ok(report.agents.some(({ status }) => status === "busy"));
  const again = await inspectRun(undisturbed.dir, { at: tick });
  assert.deepEqual(again.agents, report.agents);
});

test("[G3] killed while agents are busy and resumed, a run has the undisturbed head and output", async () => {
  const points = [20, 55, 90, 130, 171, 214];
  let busyAtKill = 0;
  await inLanes(points, 3, async (passage) => {
    const name = `killed-${passage}`;
    const dir = join(folder, name, "run");
    const crash = { point: "any", passage } as const;
    const died = Engine.open(await busyWorld(name), { dir, testing: { crash } }).then((world) => world.run());
    await assert.rejects(died, { code: "WE_WORLD_DIED" });
    const report = await inspectRun(dir, inline);
    if (report.agents.some(({ status }) => status === "busy")) busyAtKill += 1;
    await using world = await Engine.open(dir, { resume: true, ...inline });
    assertUndisturbed(name, await world.run());
  });
  assert.ok(busyAtKill >= 4, `${busyAtKill} of ${points.length} kills found a busy agent`);
});

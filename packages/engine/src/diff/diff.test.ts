/** Two runs and what tells them apart: nothing, an input, a seed, a module, one byte, a length, a wrong log. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { diffRuns } from "../client/diff-runs.js";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import type { ForkOptions } from "../client/fork-run.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder } from "../storage/index.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { projectFolder } from "../testing/project.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { SampleOptions } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { readRunStore } from "../world/run-store.js";
import { decodeContent, encodeContent } from "../world/snapshot-content.js";

const folder = freshFolder("diff");
const inline = { isolation: "inline" } as const;
let parent: RunResult;
let count = 0;

before(async () => {
  parent = await sample({ snapshotEvery: 10 });
});

async function sample(options: Partial<SampleOptions> = {}): Promise<RunResult> {
  count += 1;
  const directory = join(folder, `sample-${count}`);
  await using world = await Engine.open(await sampleWorld({ directory, ...options }), inline);
  return await world.run();
}

/** A fork of the parent, run to its end. */
async function changed(options: ForkOptions): Promise<string> {
  count += 1;
  const { dir } = await forkRun(parent.dir, { ...inline, dir: join(folder, `fork-${count}`), ...options });
  await using world = await Engine.open(dir, { resume: true, ...inline });
  await world.run();
  return dir;
}

test("equal runs are equal, forks without a change among them", async () => {
  const twin = await sample();
  for (const other of [parent.dir, twin.dir, await changed({ at: 12 })]) {
    const report = await diffRuns(parent.dir, other, inline);
    assert.equal(report.equal, true);
    assert.deepEqual([report.firstTick, report.agent, report.what], [null, null, null]);
    assert.equal(report.left.chainHead, report.right.chainHead);
  }
});

test("a changed input, a dropped one and a given one are named with their agents", async () => {
  const input = loggedInputs(parent.dir).find(({ tick }) => tick === 21);
  assert.ok(input?.body.kind === "message");
  const { seq, body } = input;
  const other = await changed({ at: 15, overrides: { inputs: { [seq]: { n: "other" } } } });
  const report = await diffRuns(parent.dir, other, inline);
  assert.deepEqual([report.equal, report.firstTick, report.what], [false, 21, "input"]);
  assert.equal(report.agent, body.to);
  assert.equal(report.inputs.length, 1);
  const [found] = report.inputs;
  assert.equal(found?.left?.seq, seq);
  assert.deepEqual(found?.right?.payload, { n: "other" });
  assert.ok(report.memory !== undefined, "the guest folds its messages into its memory");

  const without = await diffRuns(
    await changed({ at: 15, overrides: { dropped: [seq] } }),
    parent.dir,
    inline,
  );
  assert.deepEqual([without.firstTick, without.what, without.agent], [21, "input", body.to]);
  assert.deepEqual([without.inputs[0]?.left, without.inputs[0]?.right?.seq], [undefined, seq]);
});

test("another seed is a difference of the start, and its first tick is found", async () => {
  const report = await diffRuns(parent.dir, (await sample({ seed: 7 })).dir, inline);
  assert.deepEqual([report.equal, report.what], [false, "genesis"]);
  assert.deepEqual(report.genesis, [{ path: "seed", left: 2001, right: 7 }]);
});

test("a run that ends earlier differs by its length", async () => {
  const short = await sample({ stop: { when: "tick", tick: 30 } });
  const report = await diffRuns(parent.dir, short.dir, inline);
  assert.deepEqual([report.equal, report.what, report.firstTick], [false, "length", 30]);
  assert.ok(report.setup.some(({ path }) => path === "stop.tick"));
});

test("one flipped bit of one agent is found at its tick, agent and byte", async () => {
  const flip = { agent: readAgent("a2"), tick: 33, byte: 70, bit: 3 };
  const report = await diffRuns(parent.dir, parent.dir, { ...inline, testing: { flip } });
  assert.deepEqual([report.firstTick, report.agent], [33, "a2"]);
  assert.deepEqual([report.memory?.address, report.memory?.page, report.memory?.offset], [70, 0, 70]);
  assert.equal((report.memory?.left ?? 0) ^ (report.memory?.right ?? 0), 8);
});

function readAgent(id: string): RunResult["faultDetails"][number]["agentId"] {
  const agent = readRunStore(parent.dir).genesis.agents.find((spec) => spec.id === id);
  assert.ok(agent);
  return agent.id;
}

/** A fork of the parent that went on from a snapshot in which one bit of agent a3 is another. */
async function tampered(name: string): Promise<string> {
  const { dir } = await forkRun(parent.dir, { at: 20, dir: join(folder, name), ...inline });
  const snapshot = readRunStore(dir).newestSnapshot(20);
  assert.ok(snapshot);
  const content = decodeContent(snapshot);
  const id = readAgent("a3");
  const images = content.images.map((image) => {
    const memory = Uint8Array.from(image.memory);
    if (image.id === id) memory[9000] = (memory[9000] ?? 0) ^ 1;
    return { ...image, memory };
  });
  const changedContent = encodeContent({ ...content, images });
  RunFolder.open(dir, nodeHasher).snapshots.saveWhole({ ...snapshot, ...changedContent });
  await using world = await Engine.open(dir, { resume: true, ...inline });
  await world.run();
  return dir;
}

test("a run that went on from a changed snapshot is found at the snapshot", async () => {
  const report = await diffRuns(parent.dir, await tampered("tampered"), inline);
  assert.deepEqual([report.equal, report.agent, report.what], [false, "a3", "memory"]);
  assert.deepEqual([report.firstTick, report.memory?.page, report.memory?.offset], [20, 2, 9000 - 8192]);
});

test("a log that its own execution does not confirm is named instead of a world", async () => {
  const dir = await tampered("unconfirmed");
  rmSync(join(dir, "snapshots"), { recursive: true });
  const report = await diffRuns(dir, parent.dir, inline);
  assert.deepEqual([report.equal, report.what, report.agent], [false, "log", null]);
  assert.equal(report.divergence?.run, "left");
});

const counter = (step: number): string => `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { count: 0 },
  capabilities: ["topics"],
  onMessage(message, ctx) {
    ctx.state.count += ${step};
    ctx.publish("count", { count: ctx.state.count });
  },
});
`;

test("another module is told by the upgrade, the message and the state that follow", async (context) => {
  const directory = projectFolder(context, {
    "counter.js": counter(1),
    "other.js": counter(10),
    "engine.yaml": `version: 1
name: count
seed: 1
stop: { when: tick, tick: 12 }
modules: { counter: ./counter.js }
agents: [{ id: c, module: counter, capabilities: { topics: [count] } }]
inputs: [{ file: ./in.jsonl, at: tick, to: c, topic: go }]
`,
    "in.jsonl": [1, 3, 5, 7].map((tick) => `${JSON.stringify({ tick })}\n`).join(""),
  });
  await using world = await Engine.open(join(directory, "engine.yaml"), inline);
  const original = await world.run();
  await world.close();
  const modules = { counter: join(directory, "other.js") };
  const fork = await forkRun(original.dir, { at: 4, overrides: { modules }, ...inline });
  assert.deepEqual(fork.upgraded, ["c"]);
  await using forked = await Engine.open(fork.dir, { resume: true, ...inline });
  await forked.run();
  await forked.close();
  const report = await diffRuns(original.dir, fork.dir, inline);
  assert.deepEqual([report.firstTick, report.agent, report.what], [5, "c", "input"]);
  assert.deepEqual(
    report.inputs.map(({ left, right }) => [left?.kind, right?.kind]),
    [[undefined, "upgrade"]],
  );
  const late = await diffRuns(original.dir, await lateFork(original.dir, modules), inline);
  assert.deepEqual([late.firstTick, late.agent], [6, "c"]);
});

async function lateFork(run: string, modules: Readonly<Record<string, string>>): Promise<string> {
  const { dir } = await forkRun(run, { at: 5, overrides: { modules }, ...inline });
  await using world = await Engine.open(dir, { resume: true, ...inline });
  await world.run();
  return dir;
}

/** Forks without a change have their parent's chain; whatever is kept enters exactly as it did. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import type { ForkOptions } from "../client/fork-run.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { verifyLogOfRun } from "../client/run-log.js";
import { batchesOf, fakeTesting, modelWorld } from "../testing/model-world.js";
import { freshFolder, loggedInputs, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { listRunIds, runsDirectory } from "../world/run-reference.js";

const folder = freshFolder("fork");
const inline = { isolation: "inline" } as const;
let parent: RunResult;
let forks = 0;

before(async () => {
  const directory = join(folder, "parent");
  await using world = await Engine.open(await sampleWorld({ directory, snapshotEvery: 20 }), inline);
  await world.step(3);
  await world.send("a1", { n: "call" }, { key: "first" });
  await world.step(10);
  await world.send("a2", { n: "call" });
  await world.publish("record", { n: "all" });
  await world.spawnAgent({ id: "late", module: "folder" });
  parent = await world.run();
});

/** A fork of `run`, made inline. */
async function forked(run: string, options: ForkOptions): Promise<{ dir: string; at: number }> {
  forks += 1;
  return forkRun(run, { dir: join(folder, `fork-${forks}`), ...inline, ...options });
}

async function finished(dir: string): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, ...inline, testing: fakeTesting });
  return await world.run();
}

function outputOfFork(dir: string): string {
  return readFileSync(join(dir, "outputs", "out.jsonl"), "utf8");
}

test("a fork without a change has its parent's head, counts and outputs, wherever it begins", async () => {
  const last = parent.ticks - 1;
  for (const at of ["start", 0, 1, 4, 13, 14, 20, 33, 59, last] as const) {
    const { dir } = await forked(parent.dir, { at });
    assert.equal((await verifyLogOfRun(dir)).ok, true);
    const result = await finished(dir);
    const name = `at ${at}`;
    assert.equal(result.chainHead, parent.chainHead, name);
    assert.equal(result.stateHash, parent.stateHash, name);
    assert.equal(result.ticks, parent.ticks, name);
    assert.equal(result.turnsExecuted, parent.turnsExecuted, name);
    assert.equal(result.inputs, parent.inputs, name);
    assert.equal(outputOfFork(dir), outputOf(join(folder, "parent")), name);
    const replayed = await replayRun(dir, inline);
    assert.deepEqual([replayed.verified, replayed.chainHead], [true, parent.chainHead], name);
  }
});

test("without its parent's folder and files a fork replays, resumes and forks again", async () => {
  const directory = join(folder, "gone");
  await using world = await Engine.open(await sampleWorld({ directory }), inline);
  await world.step(5);
  await world.send("a1", { n: "call" });
  const result = await world.run();
  await world.close();
  const { dir } = await forked(result.dir, { at: 2 });
  renameSync(directory, `${directory}-moved`);
  const again = await forked(dir, { at: 1 });
  const third = await forked(again.dir, { at: 0 });
  rmSync(again.dir, { recursive: true });
  for (const fork of [dir, third.dir]) {
    const done = await finished(fork);
    assert.equal(done.chainHead, result.chainHead);
    assert.equal((await replayRun(fork, inline)).chainHead, result.chainHead);
  }
});

test("a fork that is forked in the middle hands on what it has not used", async () => {
  const first = await forked(parent.dir, { at: 2 });
  await using world = await Engine.open(first.dir, { resume: true, ...inline });
  await world.run({ ticks: 9 });
  await world.close();
  for (const at of [1, 5, 8]) {
    const { dir } = await forked(first.dir, { at });
    assert.equal((await finished(dir)).chainHead, parent.chainHead, `at ${at}`);
  }
});

test("a fork's process that is killed while it makes one leaves nothing that counts as a run", async () => {
  const baseDirectory = join(folder, "parent");
  const known = listRunIds(baseDirectory);
  for (const dieAfter of ["log", "world", "plan"] as const) {
    const dir = join(runsDirectory(baseDirectory), `killed-${dieAfter}`);
    const options = { at: 20, dir, testing: { dieAfter } } as const;
    await assert.rejects(forkRun(parent.dir, options), { code: "WE_WORLD_DIED" });
    assert.equal(existsSync(dir), false);
    assert.deepEqual(listRunIds(baseDirectory), known);
    const made = await forkRun(parent.dir, { at: 20, dir, ...inline });
    const left = readdirSync(runsDirectory(baseDirectory)).filter((name) => name.startsWith(".killed"));
    assert.deepEqual(left, [], "what the killed one had begun is gone");
    assert.equal((await finished(made.dir)).chainHead, parent.chainHead);
    rmSync(dir, { recursive: true });
  }
});

test("[G10] two processes that make a fork of one name: one has it, the other is told", async () => {
  const dir = join(folder, "contested");
  // Both look for something at the place before either has put a run there.
  const both = await Promise.allSettled([3, 5].map(async (at) => forkRun(parent.dir, { at, dir })));
  const made = both.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refused = both.flatMap((one) => (one.status === "rejected" ? [one.reason as { code: string }] : [])); // coded
  assert.deepEqual([made.length, ...refused.map(({ code }) => code)], [1, "WE_RUN_EXISTS"]);
  assert.equal((await verifyLogOfRun(dir)).ok, true);
  assert.equal((await inspectRun(dir, inline)).tick, made[0]?.at);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(".contested")),
    [],
  );
});

test("threads show in no fork", async () => {
  for (const workers of [1, 3]) {
    const dir = join(folder, `workers-${workers}`);
    await forkRun(parent.dir, { at: 17, dir, workers });
    await using world = await Engine.open(dir, { resume: true, workers });
    const result = await world.run();
    assert.deepEqual([result.chainHead, result.stateHash], [parent.chainHead, parent.stateHash]);
  }
});

test("answers that were on their way arrive as in the parent, and nobody is asked", async () => {
  for (const delivery of ["lockstep", "recorded"] as const) {
    const directory = join(folder, `model-${delivery}`);
    const options = {
      directory,
      behaviour: { latencyTicks: 3, delayMs: 3 },
      inference: { delivery, strict: false },
    };
    await using world = await Engine.open(await modelWorld(options), { ...inline, testing: fakeTesting });
    const result = await world.run();
    await world.close();
    const asked = batchesOf(directory).length;
    const results = loggedInputs(result.dir).filter(({ body }) => body.kind === "result");
    const firsts = [...new Set(results.map(({ tick }) => tick - 1))].slice(0, 4);
    for (const at of ["start", ...firsts] as const) {
      const { dir } = await forked(result.dir, { at });
      const done = await finished(dir);
      assert.equal(done.chainHead, result.chainHead, `${delivery} at ${at}`);
      const from = at === "start" ? -1 : at;
      const later = results.filter(({ tick }) => tick > from).length;
      assert.deepEqual(done.answers, { reused: later, asked: 0 }, `${delivery} at ${at}`);
    }
    assert.equal(batchesOf(directory).length, asked, "no fork has asked the model");
  }
});

test("agents in the middle of a turn, in two tenants, land in a fork as they did", async () => {
  const directory = join(folder, "busy");
  const sample = await sampleWorld({ directory, records: 40, span: 40, snapshotEvery: 7, stateHashEvery: 2 });
  const limits = { fuelPerSlice: 250, fuelPerTurnMax: 100_000 };
  const agents = sample.genesis.agents.map((agent, index) => {
    return { ...agent, tenant: `t${index % 2}`, limits: { ...agent.limits, ...limits } };
  });
  const tenants = ["t0", "t1"].map((name) => {
    const share = { fuelPerTick: 2000, turnsPerTick: 10, messagesPerTick: 500, agentsMax: 10 };
    return { name, ...share, elastic: false };
  });
  const genesis = { ...sample.genesis, agents, tenants };
  await using world = await Engine.open({ ...sample, genesis }, inline);
  const result = await world.run();
  await world.close();
  let busy = 0;
  for (const at of [1, 3, 6, 9, 15, 22, 31, 44]) {
    const { agents: seen } = await inspectRun(result.dir, { at, ...inline });
    busy += seen.filter(({ status }) => status === "busy").length;
    const done = await finished((await forked(result.dir, { at })).dir);
    assert.deepEqual([done.chainHead, done.stateHash], [result.chainHead, result.stateHash], `at ${at}`);
  }
  assert.ok(busy > 0, "some agents were in the middle of a turn");
});

test("the state at the forked tick is the parent's", async () => {
  const { dir } = await forked(parent.dir, { at: 25 });
  const agent = "a3" as AgentId; // of the sample world
  const [own, theirs] = await Promise.all(
    [dir, parent.dir].map((run) => inspectRun(run, { at: 25, agent, ...inline })),
  );
  assert.equal(own?.stateHash, theirs?.stateHash);
  assert.equal(own?.agents[0]?.digest, theirs?.agents[0]?.digest);
});

test("a new run takes no place of anything else, and none within a run", async () => {
  const file = join(folder, "a-file");
  writeFileSync(file, "kept");
  const full = join(folder, "full");
  mkdirSync(full);
  writeFileSync(join(full, "kept"), "kept");
  for (const dir of [file, full, parent.dir])
    await assert.rejects(forked(parent.dir, { at: 3, dir }), { code: "WE_RUN_EXISTS" });
  const within = join(parent.dir, "deep", "fork");
  await assert.rejects(forked(parent.dir, { at: 3, dir: within }), { code: "WE_RUN_NESTED" });
  const world = await sampleWorld({ directory: join(folder, "nested") });
  await assert.rejects(Engine.open(world, { ...inline, dir: within }), { code: "WE_RUN_NESTED" });
  assert.ok(!existsSync(join(parent.dir, "deep")));
  assert.equal(readFileSync(file, "utf8"), "kept");
  const empty = join(folder, "empty");
  mkdirSync(empty);
  assert.equal((await forked(parent.dir, { at: 3, dir: empty })).dir, empty);
});

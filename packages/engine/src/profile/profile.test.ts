/** Profiles of whole runs: their sums are the run's, for every agent, part of the run, fault and compiler tier. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { profileOfRun } from "../client/profile-run.js";
import { inspectRun } from "../client/replay-run.js";
import { runHostileWorld } from "../testing/hostile-run.js";
import { SMALL_DEPTH_BYTES } from "../testing/hostile-world.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleModule, sampleWorld } from "../testing/sample-world.js";
import type { ResolvedWorld } from "../world/contract.js";
import type { RunResult } from "../world/control.js";
import type { ProfileReport } from "./profile-contract.js";

const folder = freshFolder("profile");
const inline = { isolation: "inline" } as const;
let result: RunResult;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "run"), snapshotEvery: 20 });
  await using world = await Engine.open(sample, inline);
  result = await world.run();
});

/** The parts of a report sum up to its fuel. */
function assertAddsUp(report: ProfileReport): void {
  const { functions, tree, agents, fuel, overdrawnFuel, blocks, calls } = report;
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  assert.equal(sum(functions.map(({ selfFuel }) => selfFuel)), fuel + overdrawnFuel);
  assert.equal(sum(tree.selfFuel), fuel + overdrawnFuel);
  assert.equal(sum(agents.map((agent) => agent.fuel)), fuel);
  assert.equal(sum(agents.map((agent) => agent.calls)), calls);
  if (blocks === undefined) return;
  const host = functions.filter(({ index }) => index < 0);
  const hostFuel = sum(host.map(({ selfFuel }) => selfFuel));
  assert.equal(sum(blocks.map((block) => block.fuel)), fuel + overdrawnFuel - hostFuel);
}

test("[G7] [S14.profile] a profile's fuel is the run's, as a whole and for every agent", async () => {
  const report = await profileOfRun(result.dir, { blocks: true, ...inline });
  assertAddsUp(report);
  assert.equal(report.fuel, result.fuel);
  assert.deepEqual([report.from, report.to, report.faultedCalls], [0, result.ticks - 1, 0]);
  const { agents } = await inspectRun(result.dir, inline);
  const expected = new Map(agents.map(({ agentId, fuel }) => [agentId, fuel]));
  assert.equal(report.agents.length, agents.length);
  for (const { agentId, fuel } of report.agents) assert.equal(fuel, expected.get(agentId), agentId);
  const names = report.functions.map(({ name }) => name);
  for (const name of ["agent_receive", "host:publish", "host:random", "[messages placed]"])
    assert.ok(names.includes(name), name);
  const receive = report.functions.find(({ name }) => name === "agent_receive");
  assert.ok(receive !== undefined && receive.totalFuel > receive.selfFuel);
});

test("[S14.profile] agents, modules and stretches of ticks add up to the whole", async () => {
  const whole = await profileOfRun(result.dir, inline);
  let agentsFuel = 0;
  for (const { agentId, fuel, calls } of whole.agents) {
    const own = await profileOfRun(result.dir, { agent: agentId, ...inline });
    assertAddsUp(own);
    assert.deepEqual(own.agents, [{ agentId, fuel, calls }]);
    agentsFuel += own.fuel;
  }
  assert.equal(agentsFuel, whole.fuel);
  let ticksFuel = 0;
  for (const [from, to] of [
    [0, 24],
    [25, 44],
    [45, undefined],
  ] as const) {
    const part = await profileOfRun(result.dir, { from, ...(to === undefined ? {} : { to }), ...inline });
    assertAddsUp(part);
    ticksFuel += part.fuel;
  }
  assert.equal(ticksFuel, whole.fuel);
  assert.equal((await profileOfRun(result.dir, { module: "folder", ...inline })).fuel, whole.fuel);
});

test("[S14.profile] unknown agents, modules and ticks are refused", async () => {
  const refused = async (options: Parameters<typeof profileOfRun>[1], code: string): Promise<void> => {
    await assert.rejects(profileOfRun(result.dir, { ...options, ...inline }), { code, exitCode: 2 });
  };
  await refused({ agent: "nobody" }, "WE_AGENT_UNKNOWN");
  await refused({ module: "nothing" }, "WE_PROFILE_MODULE");
  await refused({ to: 5000 }, "WE_RUN_TICK");
  await refused({ from: 5000 }, "WE_RUN_TICK");
});

test("[G2] [S14.profile] every compiler tier gives the same profile", async () => {
  const profiles = await Promise.all(
    [["--liftoff-only"], ["--no-liftoff"]].map((v8Flags) =>
      profileOfRun(result.dir, { blocks: true, v8Flags }),
    ),
  );
  assert.deepEqual(profiles[0], profiles[1]);
  assert.equal(profiles[0]?.fuel, result.fuel);
});

test("[G6] [G7] traps, endless loops, recursion and refusals: what agents paid is accounted for", async () => {
  const directory = join(folder, "hostile");
  const hostile = await runHostileWorld({
    directory,
    hostile: true,
    depthBytes: SMALL_DEPTH_BYTES,
    attackTicks: [3],
    ...inline,
  });
  const report = await profileOfRun(hostile.dir, { blocks: true, ...inline });
  assertAddsUp(report);
  assert.ok(report.faultedCalls > 20, `${report.faultedCalls} faulted calls`);
  // Who is busy at the end has executed a turn that the run counts where it lands.
  const { agents } = await inspectRun(hostile.dir, inline);
  const living = new Map(agents.map((agent) => [agent.agentId, agent]));
  let pendingFuel = 0;
  for (const { agentId, fuel } of report.agents) {
    const agent = living.get(agentId);
    if (agent?.status === "busy") pendingFuel += fuel - agent.fuel;
    else if (agent !== undefined) assert.equal(fuel, agent.fuel, agentId);
  }
  assert.equal(report.fuel - pendingFuel, hostile.fuel);
  assert.ok(
    report.functions.some(({ name, selfFuel }) => name === "[slices lost to faults]" && selfFuel > 0),
  );
});

test("[G7] turns of several slices count in the tick that executed them", async () => {
  const directory = join(folder, "busy");
  const sample = await sampleWorld({ directory, records: 20, span: 20, snapshotEvery: 1 });
  const slow = { fuelPerSlice: 250, fuelPerTurnMax: 100_000 };
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, limits: { ...agent.limits, ...slow } }));
  const resolved = { ...sample, genesis: { ...sample.genesis, agents }, stop: { when: "idle" } } as const;
  await using world = await Engine.open(withoutCadence(resolved), inline);
  const run = await world.run();
  const report = await profileOfRun(run.dir, inline);
  assertAddsUp(report);
  assert.equal(report.fuel, run.fuel);
});

/** Agents that only react, so that the world comes to rest and every turn lands. */
function withoutCadence(world: ResolvedWorld): ResolvedWorld {
  const agents = world.genesis.agents.map((agent) => ({ ...agent, every: 0 }));
  return { ...world, genesis: { ...world.genesis, agents } };
}

const versioned = (version: number): string => `(module
  (memory (export "memory") 2)
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 8192))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
  (func (export "agent_export_state") (result i32) (i32.store (i32.const 64) (i32.const 800)) (i32.const 64))
  (func (export "agent_import_state") (param i32) (result i32) (i32.const ${version})))`;

test("[G7] both halves of an upgrade are calls, and a refused one is paid in full", async () => {
  const [oldDigest, old] = await sampleModule("old", versioned(0));
  const [goodDigest, good] = await sampleModule("good", versioned(1));
  const [badDigest, bad] = await sampleModule("bad", versioned(-1));
  const sample = await sampleWorld({
    directory: join(folder, "upgrade"),
    records: 0,
    agents: 2,
    stop: { when: "never" },
  });
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, every: 0, module: oldDigest }));
  const resolved: ResolvedWorld = {
    ...sample,
    genesis: { ...sample.genesis, agents, modules: { old: oldDigest, good: goodDigest, bad: badDigest } },
    modules: new Map([
      [oldDigest, old],
      [goodDigest, good],
      [badDigest, bad],
    ]),
    inputs: [],
  };
  await using world = await Engine.open(resolved, { start: "paused", ...inline });
  await world.step();
  await world.upgradeAgent("a1", "good");
  await world.upgradeAgent("a2", "bad");
  await world.step();
  const { agents: rows } = await world.inspect();
  await world.close();
  assert.deepEqual(rows.map(({ agentId, moduleName }) => [agentId, moduleName]).slice(0, 2), [
    ["a1", "good"],
    ["a2", "old"],
  ]);
  const report = await profileOfRun(world.dir, inline);
  assertAddsUp(report);
  const fuel = new Map(rows.map((row) => [row.agentId, row.fuel]));
  for (const agent of report.agents) assert.equal(agent.fuel, fuel.get(agent.agentId), agent.agentId);
  const imported = report.functions.filter(({ name }) => name === "agent_import_state");
  assert.deepEqual(imported.map(({ module }) => module).sort(), ["bad", "good"]);
});

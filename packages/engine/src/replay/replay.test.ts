import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { inspectRun, logsOfRun, replayRun } from "../client/replay-run.js";
import { hashAddress } from "../testing/guest-text.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("replay");
const inline = { isolation: "inline" } as const;
let result: RunResult;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "run"), snapshotEvery: 20 });
  await using world = await Engine.open(sample, inline);
  result = await world.run();
});

test("[G4] [S14.replay] replay executes every turn again and reproduces the chain", async () => {
  const report = await replayRun(result.dir);
  assert.equal(report.verified, true);
  assert.equal(report.from, 0);
  assert.equal(report.ticks, result.ticks);
  assert.equal(report.turnsExecuted, result.turnsExecuted);
  assert.equal(report.fuel, result.fuel);
  assert.equal(report.chainHead, result.chainHead);
  assert.equal(report.firstDivergence, undefined);
  assert.ok(report.v8Flags.includes("--disable-wasm-trap-handler"));
});

test("[G4] [S14.replay] replay from every retained snapshot reproduces the chain", async () => {
  for (const from of [20, 45, 60]) {
    const report = await replayRun(result.dir, { from, ...inline });
    assert.equal(report.verified, true, `from ${from}`);
    assert.equal(report.chainHead, result.chainHead);
    assert.ok(report.from > 0 && report.from <= from + 1, `from ${from} began at ${report.from}`);
    assert.ok(report.turnsExecuted < result.turnsExecuted);
  }
});

test("[S14.replay] replay up to a tick stops there", async () => {
  const report = await replayRun(result.dir, { to: 29, ...inline });
  assert.equal(report.verified, true);
  assert.equal(report.ticks, 30);
  assert.notEqual(report.chainHead, result.chainHead);
  await assert.rejects(replayRun(result.dir, { to: 5000, ...inline }), { code: "WE_RUN_TICK", exitCode: 2 });
});

test("[G4] [S14.replay] one flipped memory bit of one agent is located: agent and tick", async () => {
  const flips = [
    { agent: "a1", tick: 4, byte: hashAddress, bit: 0 },
    { agent: "a3", tick: 31, byte: hashAddress + 3, bit: 7 },
    { agent: "sink", tick: 59, byte: hashAddress + 1, bit: 4 },
  ];
  for (const { agent, ...place } of flips) {
    const flip = { agent: agent as AgentId, ...place }; // brand: test data
    for (const from of [undefined, 3]) {
      const testing = { flip };
      const report = await replayRun(result.dir, {
        testing,
        ...(from === undefined ? {} : { from }),
        ...inline,
      });
      assert.equal(report.verified, false);
      assert.equal(report.firstDivergence?.agent, agent);
      assert.equal(report.firstDivergence?.tick, place.tick);
      assert.equal(report.firstDivergence?.cause, "execution");
    }
  }
});

test("[G4] a bit that never shows in an effect is found by the state hash", async () => {
  const flip = { agent: "a2" as AgentId, tick: 33, byte: 131_000, bit: 1 }; // brand: test data
  const report = await replayRun(result.dir, { testing: { flip }, ...inline });
  assert.equal(report.verified, false);
  assert.equal(report.firstDivergence?.agent, "a2");
  assert.equal(report.firstDivergence?.what, "state");
});

test("[S14.inspect] the world as of a tick is that of the run, whatever snapshot it is computed from", async () => {
  const last = await inspectRun(result.dir, inline);
  assert.equal(last.stateHash, result.stateHash);
  assert.equal(last.chainHead, result.chainHead);
  assert.equal(last.agents.length, result.agents);
  const early = await inspectRun(result.dir, { at: 7, ...inline });
  assert.equal(early.tick, 7);
  assert.equal(early.timestamp, "2001-01-01T00:00:07.000Z");
  assert.notEqual(early.stateHash, last.stateHash);
  const agent = await inspectRun(result.dir, { at: 50, agent: "sink", ...inline });
  assert.deepEqual(
    agent.agents.map(({ agentId }) => agentId),
    ["sink"],
  );
  await assert.rejects(inspectRun(result.dir, { agent: "nobody", ...inline }), { code: "WE_AGENT_UNKNOWN" });
});

test("[S14.logs] console lines are computed again, whole or in part", async () => {
  const all = await logsOfRun(result.dir, inline);
  const some = await logsOfRun(result.dir, { agent: "a2", from: 30, to: 49, ...inline });
  assert.ok(all.length > 200);
  assert.ok(some.length > 5);
  assert.deepEqual(
    some,
    all.filter(({ agentId, tick }) => agentId === "a2" && tick >= 30 && tick <= 49),
  );
  assert.equal(some[0]?.level, "info");
  assert.match(some[0]?.text ?? "", /^\{"h":"[0-9a-f]{8}"\}$/);
});

test("[G4] replay changes nothing in the run and works while the run is open", async () => {
  await using world = await Engine.open(result.dir, { resume: true, ...inline });
  const report = await replayRun(result.dir, inline);
  assert.equal(report.verified, true);
  assert.equal(world.runId, report.runId);
});

test("[G4] [S14.replay] a run of other semantics is refused with exit code 4 and the release to use", async () => {
  const directory = join(folder, "semantics");
  const sample = await sampleWorld({ directory });
  const other = { ...sample, genesis: { ...sample.genesis, semantics: 3 } };
  const dir = join(directory, "run");
  await using world = await Engine.open(other, { isolation: "inline", dir });
  await world.run();
  await world.close();
  const refused = { code: "WE_RUN_SEMANTICS", exitCode: 4 };
  await assert.rejects(replayRun(dir, { isolation: "inline" }), refused);
  await assert.rejects(Engine.open(dir, { isolation: "inline", resume: true }), refused);
});

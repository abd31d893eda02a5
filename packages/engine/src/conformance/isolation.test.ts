/** Hostile agents in a whole world: every fault is coded, nothing stops, and no stranger notices. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "@wasm-engine/abi";
import type { Policy } from "@wasm-engine/core";
import { replayRun } from "../client/replay-run.js";
import { HOSTILE_AGENTS } from "../testing/hostile-agents.js";
import { playHostileWorld, runHostileWorld } from "../testing/hostile-run.js";
import type { HostileRecord } from "../testing/hostile-run.js";
import { HOSTILE_WORLD_TICKS, SMALL_DEPTH_BYTES, hostileId } from "../testing/hostile-world.js";
import { freshFolder } from "../testing/run-folders.js";

const folder = freshFolder("isolation");

async function recorded(name: string, hostile: boolean, policy: Policy): Promise<HostileRecord> {
  const directory = join(folder, name);
  const result = await runHostileWorld({
    directory,
    hostile,
    policy,
    depthBytes: SMALL_DEPTH_BYTES,
    attackTicks: policy === "round-robin" ? [3, 4, 28] : [3],
    isolation: "inline",
  });
  assert.equal(result.reason, "tick");
  assert.equal(result.ticks, HOSTILE_WORLD_TICKS);
  return playHostileWorld(result.dir, (id) => id.startsWith("calm."));
}

for (const policy of ["round-robin", "fifo", "priority"] as const) {
  test(`[G6] ${policy}: digests of strangers are equal at every tick, whatever another tenant does`, async () => {
    const hostile = await recorded(`${policy}-hostile`, true, policy);
    const quiet = await recorded(`${policy}-quiet`, false, policy);
    assert.equal(hostile.difference, undefined);
    assert.equal(quiet.difference, undefined);
    assert.ok(hostile.faults.length > 100, `${hostile.faults.length} faults`);
    assert.ok(quiet.faults.length > 5, "strangers fault too");
    assert.ok(hostile.population > HOSTILE_AGENTS.length + 40, `${hostile.population} agents`);
    for (let tick = 0; tick < HOSTILE_WORLD_TICKS; tick += 1)
      assert.deepEqual(hostile.digests[tick], quiet.digests[tick], `tick ${tick}`);
    const changes = new Set(quiet.digests.map((digests) => JSON.stringify(digests)));
    assert.ok(changes.size > HOSTILE_WORLD_TICKS / 2, "strangers do something");
    assert.deepEqual(
      hostile.faults.filter(({ agentId }) => agentId.startsWith("calm.")),
      quiet.faults.filter(({ agentId }) => agentId.startsWith("calm.")),
    );
    assert.equal(hostile.departed.size, 0, "nobody answers for others");
    if (policy === "round-robin") assertCoded(hostile);
  });
}

/** Every agent of the corpus faulted with its code and with no other, or did not fault at all. */
function assertCoded(record: HostileRecord): void {
  for (const [index, { name, fault, guestCode, ends }] of HOSTILE_AGENTS.entries()) {
    const id = hostileId(index);
    const seen = new Set(
      record.faults
        .filter(({ agentId }) => agentId === id)
        .map(({ code, guestCode: detail }) => `${code} ${detail}`),
    );
    const expected = fault === undefined ? [] : [`${fault} ${guestCode ?? 0}`];
    assert.deepEqual([...seen], expected, `${id} ${name}`);
    assert.equal(record.ended.has(id), ends === true, `${id} ${name}`);
  }
}

test("[G6] [G2] a hostile world has one chain in every compiler tier, with the contract's depth", async () => {
  const tiers = [[], ["--liftoff-only"], ["--no-liftoff"]];
  const results = await Promise.all(
    tiers.map(async (v8Flags) => {
      const directory = join(folder, `tier${v8Flags.join("")}`);
      const attackTicks = [3];
      const result = await runHostileWorld({
        directory,
        hostile: true,
        depthBytes: limits.depthBytes,
        attackTicks,
        v8Flags,
      });
      for (const flag of v8Flags) assert.ok(result.v8Flags.includes(flag));
      return result;
    }),
  );
  const [first, ...others] = results;
  assert.ok(first !== undefined && first.faults > 100);
  for (const other of others) {
    assert.equal(other.chainHead, first.chainHead);
    assert.equal(other.stateHash, first.stateHash);
    assert.equal(other.fuel, first.fuel);
  }
  const replayed = await replayRun(first.dir, { v8Flags: ["--liftoff-only"] });
  assert.equal(replayed.verified, true);
  assert.equal(replayed.chainHead, first.chainHead);
  assert.equal(replayed.turnsExecuted, first.turnsExecuted);
});

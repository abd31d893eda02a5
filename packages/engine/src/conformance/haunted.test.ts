/**
 * Slots of a whole world: what ghosts leave behind is read by nobody, NaN payloads come back bit by bit from rollback,
 * snapshot, resume and fork, in every compiler tier.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { FaultCode } from "@wasm-engine/abi";
import { BaseImage } from "../../../executor/dist/base-image.js";
import type { GuestInstance } from "../../../executor/dist/guest-instance.js";
import { GHOST_BYTE, SEEN_IN_MEMORY } from "../../../executor/dist/testing/spy-guest.js";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { hauntFirstHalf, hauntedWorld, playHauntedWorld } from "../testing/haunted-world.js";
import { freshFolder } from "../testing/run-folders.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("haunted");
const inline = { isolation: "inline" } as const;
const tiers = [[], ["--liftoff-only"], ["--no-liftoff"]] as const;

/** Runs the first half, stops, and goes on from the snapshot. The tier of this process needs no other one. */
async function run(name: string, v8Flags: readonly string[]): Promise<RunResult> {
  const dir = join(folder, name, "run");
  const place = v8Flags.length === 0 ? inline : { v8Flags };
  {
    await using world = await Engine.open(await hauntedWorld(join(folder, name)), {
      dir,
      start: "paused",
      ...place,
    });
    await hauntFirstHalf(world);
  }
  await using resumed = await Engine.open(dir, { resume: true, ...place });
  const result = await resumed.run();
  for (const flag of v8Flags) assert.ok(result.v8Flags.includes(flag));
  return result;
}

test("[G2] [G4] [G5] a haunted world: spies see nothing, keepers keep their bits, in three tiers", async () => {
  const results = await Promise.all(tiers.map((flags) => run(`tier${flags.join("")}`, flags)));
  const [first] = results;
  assert.ok(first !== undefined);
  for (const { chainHead, stateHash } of results)
    assert.deepEqual([chainHead, stateHash], [first.chainHead, first.stateHash]);
  const { faults, isEqual } = playHauntedWorld(first.dir);
  assert.equal(isEqual, true);
  assert.equal(faults.length, first.faults);
  assert.deepEqual(
    faults.filter(({ code }) => code === FaultCode.GUEST_ERROR),
    [],
    "a spy or a keeper says what it saw by its own code",
  );
  const faulting = (agent: RegExp, code: number): number =>
    faults.filter((fault) => agent.test(fault.agentId) && fault.code === code).length;
  assert.equal(faulting(/^k/, FaultCode.TRAP), 3 * 8);
  assert.equal(faulting(/^[gs]/, FaultCode.TRAP), 4);
  assert.equal(faulting(/^g3/, FaultCode.OUT_OF_FUEL), 1);
  const replayed = await replayRun(first.dir, { from: 13, ...inline });
  assert.deepEqual([replayed.verified, replayed.chainHead], [true, first.chainHead]);
  const { dir } = await forkRun(first.dir, { at: 19, dir: join(folder, "fork"), ...inline });
  await using fork = await Engine.open(dir, { resume: true, ...inline });
  assert.equal((await fork.run()).chainHead, first.chainHead);
});

test("a host that does not wipe slots of new agents is seen through by a whole world", async (context) => {
  const wipe = Object.getOwnPropertyDescriptor(BaseImage.prototype, "loadInto");
  assert.ok(wipe !== undefined);
  context.after(() => Object.defineProperty(BaseImage.prototype, "loadInto", wipe));
  const properly = wipe.value as (this: BaseImage, slot: GuestInstance) => void; // a method of that class
  BaseImage.prototype.loadInto = function (slot) {
    if (this.initialised) properly.call(this, slot);
    else slot.loadState(this.state);
  };
  const dir = join(folder, "forgetful", "run");
  await using world = await Engine.open(await hauntedWorld(join(folder, "forgetful")), {
    dir,
    start: "paused",
    workers: 1,
    ...inline,
  });
  await hauntFirstHalf(world);
  const { faults } = await world.run();
  const seen = playHauntedWorld(dir).faults.filter(
    ({ agentId, guestCode }) => agentId.startsWith("s") && guestCode === -SEEN_IN_MEMORY - GHOST_BYTE,
  );
  assert.ok(seen.length > 0 && faults > seen.length, `${seen.length} of ${faults} faults`);
});

/**
 * Slots of a whole world: what ghosts leave behind is read by nobody, NaN payloads come back bit by bit from rollback,
 * snapshot, resume and fork, in every compiler tier.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FaultCode } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { hauntFirstHalf, hauntedWorld, playHauntedWorld } from "../testing/haunted-world.js";
import { freshFolder } from "../testing/run-folders.js";
import type { ForgetfulReport } from "../testing/forgetful-main.js";
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

test("a host that does not wipe slots of new agents is seen through by a whole world", async () => {
  const program = fileURLToPath(new URL("../testing/forgetful-main.js", import.meta.url));
  const flags = ["--conditions=wasm-engine-separate"];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...flags,
    program,
    join(folder, "forgetful"),
  ]);
  const { faults, seen } = JSON.parse(stdout) as ForgetfulReport; // what the program prints
  assert.ok(seen > 0 && faults > seen, `${seen} of ${faults} faults`);
});

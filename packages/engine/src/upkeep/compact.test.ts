/** Runs that gave up their beginning: what they still do is as before, what they cannot do any more is said. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Engine } from "../client/engine.js";
import { followRun } from "../client/followed-run.js";
import { forkRun } from "../client/fork-run.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { verifyLogOfRun } from "../client/run-log.js";
import { compactRun } from "../client/upkeep.js";
import { RunLock } from "../storage/index.js";
import { freshFolder, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { readRunStore } from "../world/run-store.js";

const folder = freshFolder("compact");
const inline = { isolation: "inline" } as const;
const verifier = fileURLToPath(new URL("../../../../spec/verify/verify.mjs", import.meta.url));
/** Snapshots of ticks 9, 19, … */
const snapshotEvery = 10;
let whole: RunResult;
/** Stopped at tick 40, so that it can be gone on with. */
let half = "";
let halfOutput = "";

before(async () => {
  const open = async (name: string): Promise<Awaited<ReturnType<typeof Engine.open>>> =>
    Engine.open(await sampleWorld({ directory: join(folder, name), snapshotEvery }), inline);
  {
    await using world = await open("whole");
    whole = await world.run();
  }
  await using world = await open("half");
  await world.step(40);
  half = world.dir;
  await world.close();
  halfOutput = outputOf(join(folder, "half"));
});

let copies = 0;
/** A copy of a run; outputs stay where they are. */
function copyOf(dir: string): string {
  copies += 1;
  const copy = join(folder, `copy-${copies}`);
  cpSync(dir, copy, { recursive: true });
  return copy;
}

test("[S14.compact] a compacted run verifies, replays from its snapshot and has its chain", async () => {
  const dir = copyOf(whole.dir);
  const planned = await compactRun(dir, { keepFrom: 34, dryRun: true });
  assert.equal((await verifyLogOfRun(dir)).firstTick, 0, "a dry run changes nothing");
  const report = await compactRun(dir, { keepFrom: 34 });
  assert.deepEqual([report.records, report.snapshots], [planned.records, planned.snapshots]);
  assert.ok(report.firstTick <= 34 && report.firstTick > 0, `tick ${report.firstTick}`);
  assert.ok(report.records > 5 && report.bytesAfter < report.bytesBefore);
  assert.equal(report.chainHead, whole.chainHead);
  assert.deepEqual(
    readdirSync(join(dir, "snapshots")).filter((name) => Number(name.slice(0, 16)) - 1 < report.firstTick),
    [],
  );
  const replay = await replayRun(dir, { from: report.firstTick, ...inline });
  assert.deepEqual([replay.verified, replay.chainHead], [true, whole.chainHead]);
  const at = report.firstTick + 3;
  const [ours, theirs] = await Promise.all([dir, whole.dir].map((run) => inspectRun(run, { at, ...inline })));
  assert.deepEqual(ours?.agents, theirs?.agents);
  const audit = spawnSync(process.execPath, [verifier, dir, "--head", whole.chainHead], { encoding: "utf8" });
  assert.equal(audit.status, 0, audit.stdout + audit.stderr);
  assert.deepEqual((await compactRun(dir, { keepFrom: 34 })).records, 0, "twice is as once");
  const further = await compactRun(dir);
  assert.ok(further.firstTick > report.firstTick);
  assert.equal((await replayRun(dir, { from: further.firstTick, ...inline })).verified, true);
});

test("[G10] what needs an earlier tick says which one is the first", async () => {
  const dir = copyOf(whole.dir);
  const { firstTick } = await compactRun(dir, { keepFrom: 34 });
  const refused = { code: "WE_RUN_COMPACTED", message: new RegExp(`begins after tick ${firstTick};`) };
  await assert.rejects(replayRun(dir, inline), refused);
  await assert.rejects(replayRun(dir, { from: firstTick - 1, ...inline }), refused);
  await assert.rejects(inspectRun(dir, { at: firstTick - 1, ...inline }), refused);
  await assert.rejects(forkRun(dir, { at: "start", ...inline }), refused);
  await assert.rejects(forkRun(dir, { at: 5, ...inline }), { ...refused, message: /tick 5 was asked for/ });
  {
    await using followed = await followRun(dir);
    assert.equal((await followed.reach()).firstTick, firstTick + 1);
    const field = followed.why({ kind: "field", agent: "a1", path: "n", at: 5 });
    await assert.rejects(field, { ...refused, message: /tick 5 was asked for/ });
    const event = followed.why({ kind: "event", id: "input:1" });
    const begins = new RegExp(`"input:1" is in the run, which begins after tick ${firstTick} since compact`);
    await assert.rejects(event, { code: "WE_FOLLOWER_EVENT", message: begins });
  }
  rmSync(join(dir, "snapshots"), { recursive: true });
  await assert.rejects(Engine.open(dir, { resume: true, ...inline }), refused);
});

test("[G3] a compacted run goes on to the end of the undisturbed one, outputs included [S14.compact]", async () => {
  const before = readRunStore(half).recovered.chainHead;
  const { firstTick } = await compactRun(half);
  assert.ok(firstTick > 20);
  assert.deepEqual(readRunStore(half).recovered.chainHead, before);
  await using world = await Engine.open(half, { resume: true, ...inline });
  const result = await world.run();
  assert.deepEqual([result.chainHead, result.stateHash], [whole.chainHead, whole.stateHash]);
  const output = outputOf(join(folder, "half"));
  assert.ok(output.startsWith(halfOutput));
  assert.equal(output, outputOf(join(folder, "whole")));
});

test("a fork of a compacted run has its parent's head; its outputs begin where its log does", async () => {
  const dir = copyOf(whole.dir);
  const { firstTick } = await compactRun(dir, { keepFrom: 34 });
  for (const at of [firstTick, firstTick + 4, whole.ticks - 1]) {
    const fork = await forkRun(dir, { at, dir: join(folder, `fork-${at}`), ...inline });
    assert.equal((await verifyLogOfRun(fork.dir)).firstTick, firstTick + 1);
    await using world = await Engine.open(fork.dir, { resume: true, ...inline });
    const result = await world.run();
    assert.deepEqual([result.chainHead, result.stateHash], [whole.chainHead, whole.stateHash], `at ${at}`);
    const output = readFileSync(join(fork.dir, "outputs", "out.jsonl"), "utf8");
    assert.ok(output.length > 0);
    assert.ok(outputOf(join(folder, "whole")).endsWith(output), `at ${at}`);
  }
});

test("a follower of a compacted run tells what happened from its beginning on [S14.compact]", async () => {
  const dir = copyOf(whole.dir);
  const { firstTick } = await compactRun(dir, { keepFrom: 34 });
  await using followed = await followRun(dir);
  const ticks: number[] = [];
  for await (const { tick } of followed.trace()) ticks.push(tick);
  assert.ok(ticks.length > 0);
  assert.equal(Math.min(...ticks), firstTick + 1);
});

test("[G10] no snapshot, a tick that is not there, a run that is open: nothing is given up", async () => {
  const dir = copyOf(whole.dir);
  await assert.rejects(compactRun(dir, { keepFrom: 3 }), { code: "WE_COMPACT_SNAPSHOT", exitCode: 2 });
  await assert.rejects(compactRun(dir, { keepFrom: 1e9 }), { code: "WE_RUN_TICK" });
  const lock = RunLock.acquire(join(dir, "lock"));
  await assert.rejects(compactRun(dir), { code: "WE_RUN_LOCKED" });
  lock.release();
  assert.equal((await verifyLogOfRun(dir)).firstTick, 0);
});

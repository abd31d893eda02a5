/** Commits that wait for a state hash: their order in the log, what waits with them, and a crash in between. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { freshFolder, loggedInputs, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { openTicksMax, unforcedTicks } from "./limits.js";
import { openRun } from "./open-run.js";
import type { OpenRun } from "./open-run.js";
import { readRunStore } from "./run-store.js";
import { decodeContent } from "./snapshot-content.js";

const folder = freshFolder("late-commit");
const every = { stateHashEvery: 16 };

interface Started {
  readonly run: OpenRun;
  readonly directory: string;
}

async function started(name: string): Promise<Started> {
  const directory = join(folder, name);
  const world = await sampleWorld({ directory, ...every });
  const origin = { kind: "new", world, dir: join(directory, "run") } as const;
  return { directory, run: openRun(origin, { writer: "inline", pass: () => undefined }) };
}

/** Threads that are slow: nothing of a hash is ever ready by itself. */
function slow(begun: Started): Started {
  const world = begun.run.loop.world as { advanceSeals: (count: number) => boolean }; // the test's own world
  world.advanceSeals = () => false;
  return begun;
}

/** Executes up to `last` as a paced world does that has no time between its ticks. */
function executeTo({ loop }: OpenRun, last: number): void {
  for (let tick = loop.nextTick(); tick !== undefined && tick <= last; tick = loop.nextTick()) {
    loop.execute(tick, true);
    loop.release();
  }
}

test("[G3] a tick that waits for its state hash holds back commits and what leaves, not inputs", async () => {
  const { run } = slow(await started("order"));
  const { loop, log } = run;
  executeTo(run, 15);
  assert.equal(loop.committedTick, 15);
  const commits = (): number => log.durableTick;
  for (let tick = 16; tick <= 15 + openTicksMax; tick += 1) {
    const { loggedSeq } = loop;
    assert.equal(loop.nextTick(), tick, "every tick of this world has work");
    loop.execute(tick, true);
    const released = loop.release();
    assert.deepEqual([loop.openTicks, loop.committedTick, commits()], [tick - 15, 15, 15]);
    assert.deepEqual(released, [], "nothing leaves");
    assert.equal(log.durableSeq, loop.loggedSeq, "inputs are durable");
    if (tick < 20) assert.ok(loop.loggedSeq > loggedSeq, "these ticks have inputs");
    assert.ok(loop.unsettled);
  }
  const reached = 16 + openTicksMax;
  loop.execute(reached, true);
  assert.deepEqual([loop.openTicks, loop.committedTick], [0, reached], "it does not wait any longer");
  assert.equal(loop.hashedSeal?.tick, 16);
  const left = loop.release().map(({ tick }) => tick);
  assert.deepEqual(
    left,
    [...left].sort((one, other) => one - other),
  );
  assert.ok(left.includes(16) && left.includes(17));
  run.close("stopped");
});

test("commits that wait are made between ticks, a little at a time, and at once where needed", async () => {
  const { run } = await started("slices");
  const { loop } = run;
  executeTo(run, 17);
  assert.equal(loop.openTicks, 2);
  let slices = 0;
  while (loop.advanceCommits()) slices += 1;
  assert.ok(slices > 1, "agents are looked at a few at a time");
  loop.release();
  assert.deepEqual([loop.openTicks, loop.committedTick], [0, 17]);
  executeTo(run, 33);
  assert.equal(loop.openTicks, 2);
  loop.waitForSync();
  assert.deepEqual([loop.openTicks, loop.committedTick, run.log.durableTick], [0, 33, 33]);
  run.close("stopped");
});

test("[G3] [G4] ended between a state hash and its commit, a run resumes to the undisturbed head", async () => {
  const twin = await sampleWorld({ directory: join(folder, "twin"), ...every });
  await using world = await Engine.open(twin, { isolation: "inline" });
  const { chainHead, stateHash, inputs } = await world.run();
  const output = outputOf(join(folder, "twin"));
  let ahead = 0;
  for (const last of [16, 17, 18, 20, 22, 23, 33, 34, 37]) {
    const name = `ended-${last}`;
    const { run, directory } = slow(await started(name));
    executeTo(run, last);
    assert.ok(run.loop.openTicks > 0);
    // As a crash leaves it: nothing is closed, and nobody holds the lock.
    const dir = join(directory, "run");
    rmSync(join(dir, "lock"));
    const { recovered } = readRunStore(dir);
    assert.equal(recovered.tick, last < 32 ? 15 : 31);
    const waiting = new Set([...recovered.ticks(recovered.tick)].map(({ tick }) => tick));
    if (waiting.size > 1) ahead += 1;
    await using resumed = await Engine.open(dir, { resume: true, isolation: "inline" });
    const result = await resumed.run();
    assert.deepEqual(
      [result.chainHead, result.stateHash, result.inputs],
      [chainHead, stateHash, inputs],
      name,
    );
    assert.equal(outputOf(directory), output, name);
    if (last === 18) assert.ok((await replayRun(dir, { isolation: "inline" })).verified);
  }
  assert.ok(ahead > 3, "the log had inputs of several ticks without a commit");
});

test("[G4] a snapshot that is begun at a tick without commit is of that tick, and a run resumes from it", async () => {
  const twin = await sampleWorld({ directory: join(folder, "snapshot-twin"), ...every });
  await using world = await Engine.open(twin, { isolation: "inline" });
  const { chainHead } = await world.run();
  const { run, directory } = await started("snapshot");
  const { loop, snapshots } = run;
  executeTo(run, 16);
  assert.equal(loop.openTicks, 1);
  assert.ok(snapshots.begin());
  executeTo(run, 18);
  assert.ok(snapshots.advance(), "images are taken while the tick has no commit");
  while (loop.advanceCommits());
  executeTo(run, 20);
  while (snapshots.advance()) loop.release();
  executeTo(run, 22);
  rmSync(join(directory, "run", "lock"));
  const store = readRunStore(join(directory, "run"));
  const found = store.newestSnapshot(Infinity);
  assert.ok(found !== undefined && found.tick === 16);
  const commit = [...store.recovered.ticks(15)].find(({ tick }) => tick === 16)?.commit;
  assert.deepEqual(decodeContent(found).stateHash, commit?.stateHash);
  await using resumed = await Engine.open(join(directory, "run"), { resume: true, isolation: "inline" });
  assert.equal((await resumed.run()).chainHead, chainHead);
  const report = await replayRun(join(directory, "run"), { from: 16, isolation: "inline" });
  assert.equal(report.verified, true);
});

test("[G3] a paced process that is killed while commits wait for a state hash goes on undisturbed", async () => {
  let waited = 0;
  for (const passage of [17, 18, 33]) {
    const directory = join(folder, `killed-${passage}`);
    const dir = join(directory, "run");
    const { genesis, ...rest } = await sampleWorld({ directory, ...every });
    const paced = { ...rest, genesis: { ...genesis, tickNanos: 5_000_000n } };
    const died = Engine.open(paced, {
      dir,
      realtime: true,
      testing: { crash: { point: "after-commit", passage } },
    }).then((world) => world.run());
    await assert.rejects(died, { code: "WE_WORLD_DIED" });
    const { recovered } = readRunStore(dir);
    // Every tick of this world has work, so the last passage was that of the tick before this number.
    assert.ok(recovered.tick < passage, "a commit that waits is not in the log");
    if (recovered.tick < passage - 1) waited += 1;
    await using resumed = await Engine.open(dir, { resume: true, isolation: "inline" });
    const { chainHead, inputs } = await resumed.run();
    await resumed.close();
    const replayed = await replayRun(dir, { isolation: "inline" });
    assert.deepEqual([replayed.verified, replayed.chainHead], [true, chainHead]);
    assert.deepEqual(
      loggedInputs(dir).map(({ seq }) => seq),
      Array.from({ length: inputs }, (_, index) => index + 1),
    );
    // The same inputs, and nobody killed: everything has left exactly once.
    const fork = await forkRun(dir, { at: "start" });
    await using twin = await Engine.open(fork.dir, { resume: true, isolation: "inline" });
    assert.equal((await twin.run()).chainHead, chainHead);
    assert.equal(outputOf(directory), outputOf(join(fork.dir, "outputs")));
  }
  assert.ok(waited > 0, "a commit waited when a process was killed");
});

test("a world without idle time does a share of the hash in every tick, and nothing is left at the last", async () => {
  const { run } = await started("shares");
  const { loop } = run;
  executeTo(run, 15 + unforcedTicks);
  assert.equal(loop.openTicks, unforcedTicks, "the first have enough to do");
  let before = loop.world.sealsLeft;
  assert.ok(before > 0);
  for (let tick = 16 + unforcedTicks; loop.openTicks > 0; tick += 1) {
    assert.ok(tick <= 16 + openTicksMax);
    executeTo(run, tick);
    assert.ok(loop.world.sealsLeft <= before);
    before = loop.world.sealsLeft;
  }
  assert.equal(loop.world.sealsLeft, 0);
  run.close("stopped");
});

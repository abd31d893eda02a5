/** Futures executed one after the other in one process are those opened one by one; one that fails is alone. */

import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { forkRun, runFutures } from "../client/fork-run.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { verifyLogOfRun } from "../client/run-log.js";
import { fakeTesting, modelWorld } from "../testing/model-world.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { readRunStore } from "../world/run-store.js";
import type { FutureOutcome } from "./contract.js";

const folder = freshFolder("futures");
const inline = { isolation: "inline" } as const;
const at = 39;
const changes = [{}, { dropped: [90] }, { inputs: { 91: { n: "other" } } }, { inputs: { 91: { n: "one" } } }];
let parent: RunResult;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "parent"), snapshotEvery: 20 });
  await using world = await Engine.open({ ...sample, outputs: [] }, inline);
  parent = await world.run();
});

const asked = (name: string): { readonly dir: string; readonly overrides: object }[] =>
  changes.map((overrides, index) => ({ dir: join(folder, `${name}-${index}`), overrides }));

for (const isolation of ["inline", "process"] as const) {
  test(`[G1] futures executed together (${isolation}) are what they are alone`, async () => {
    const heard: FutureOutcome[] = [];
    const outcomes = await runFutures(
      parent.dir,
      { at, isolation, describe: true, onFuture: (outcome) => heard.push(outcome) },
      asked(isolation),
    );
    assert.deepEqual(heard, outcomes);
    for (const [index, { result, world, fork }] of outcomes.entries()) {
      assert.equal(fork.dir, join(folder, `${isolation}-${index}`));
      const { chainHead, stateHash, inputs, ticks } = result ?? assert.fail("it came to its end");
      if (isolation === "inline") {
        const alone = await forkRun(parent.dir, { ...inline, at, overrides: changes[index] ?? {} });
        await using other = await Engine.open(alone.dir, { resume: true, ...inline });
        const end = await other.run();
        assert.deepEqual(
          [chainHead, stateHash, inputs, ticks],
          [end.chainHead, end.stateHash, end.inputs, end.ticks],
        );
        const { agents } = await other.inspect({ describe: true });
        assert.deepEqual(world?.agents, agents);
      }
      const replayed = await replayRun(fork.dir, inline);
      assert.deepEqual([replayed.verified, replayed.chainHead], [true, chainHead]);
      assert.equal((await verifyLogOfRun(fork.dir)).ok, true);
    }
    assert.equal(outcomes[0]?.result?.chainHead, parent.chainHead);
    assert.equal(new Set(outcomes.map(({ result }) => result?.chainHead)).size, changes.length);
  });
}

test("a future goes on from the snapshot that all have, and can be gone on with", async () => {
  const futures = asked("short").slice(0, 2);
  const outcomes = await runFutures(parent.dir, { ...inline, at, ticks: at + 3 }, futures);
  assert.deepEqual(
    outcomes.map(({ result }) => result?.ticks),
    [at + 3, at + 3],
  );
  for (const { dir } of futures) {
    const report = await inspectRun(dir, { ...inline, at: at + 2 });
    assert.equal(report.tick, at + 2);
    assert.equal(readRunStore(dir).newestSnapshot(at)?.tick, at);
  }
  await using world = await Engine.open(futures[0]?.dir ?? "", { resume: true, ...inline });
  assert.equal((await world.run()).chainHead, parent.chainHead);
});

test("answers of models enter futures that are executed together", async () => {
  const sample = await modelWorld({ directory: join(folder, "models") });
  await using world = await Engine.open(sample, { ...inline, testing: fakeTesting });
  const result = await world.run();
  await world.close();
  const futures = [{ dir: join(folder, "kept") }, { dir: join(folder, "same") }];
  const outcomes = await runFutures(result.dir, { ...inline, at: 2, testing: fakeTesting }, futures);
  assert.deepEqual(
    outcomes.map((outcome) => outcome.result?.chainHead),
    [result.chainHead, result.chainHead],
  );
});

test("[G10] a future that cannot be executed is an outcome, one that cannot be made leaves none", async () => {
  const outcomes = await runFutures(
    parent.dir,
    {
      ...inline,
      at,
      onFuture: ({ index, fork }) => {
        // The log of the one after next is gone before its turn has come.
        if (index === 0) rmSync(join(`${fork.dir.slice(0, -1)}2`, "log"), { recursive: true });
      },
    },
    asked("broken"),
  );
  assert.deepEqual(
    outcomes.map(({ result, error }) => error?.code ?? result?.reason),
    ["tick", "tick", "WE_LOG_DAMAGED", "tick"],
  );
  const place = join(folder, "unmade");
  await assert.rejects(
    runFutures(parent.dir, { ...inline, at }, [
      { dir: join(place, "a") },
      { dir: join(place, "b"), overrides: { inputs: { 1: 0 } } },
    ]),
    { code: "WE_FORK_INPUT" },
  );
  assert.deepEqual(readdirSync(place), []);
});

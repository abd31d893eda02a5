/** Several forks made at once are those that would have been made one by one; what can be shared is. */

import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { forkFutures, forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { verifyLogOfRun } from "../client/run-log.js";
import { fakeTesting, modelWorld } from "../testing/model-world.js";
import { freshFolder, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { readRunStore } from "../world/run-store.js";

const folder = freshFolder("forks");
const inline = { isolation: "inline" } as const;
let parent: RunResult;
let silent: RunResult;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "parent"), snapshotEvery: 20 });
  await using world = await Engine.open(sample, inline);
  parent = await world.run();
  const quiet = { ...sample, outputs: [] };
  await using other = await Engine.open(quiet, { dir: join(folder, "silent"), ...inline });
  silent = await other.run();
});

async function finished(dir: string): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, ...inline, testing: fakeTesting });
  return await world.run();
}

const places = (names: readonly string[]): readonly string[] => names.map((name) => join(folder, name));
const hidden = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith("."));

for (const { name, at } of [
  { name: "parent", at: 33 },
  { name: "silent", at: 33 },
  { name: "silent", at: 39 },
]) {
  test(`futures of tick ${at} of ${name} are those that forkRun makes`, async () => {
    const { dir: run, chainHead } = name === "parent" ? parent : silent;
    const changes = [{}, { dropped: [90] }, { inputs: { 91: { n: "other" } } }];
    const [first = "", ...rest] = places(["x", "y", "z"].map((letter) => `${name}-${at}-${letter}`));
    const futures = [first, ...rest].map((out, index) => ({ dir: out, overrides: changes[index] ?? {} }));
    const reports = await forkFutures(run, { at, ...inline }, futures);
    assert.deepEqual(hidden(), []);
    const heads: string[] = [];
    for (const [index, report] of reports.entries()) {
      const alone = await forkRun(run, {
        at,
        dir: `${report.dir}-alone`,
        overrides: changes[index] ?? {},
        ...inline,
      });
      const { dir, runId } = alone;
      assert.deepEqual({ ...report, dir, runId }, alone);
      assert.equal((await verifyLogOfRun(report.dir)).ok, true);
      assert.equal(readRunStore(report.dir).newestSnapshot(at)?.tick, at);
      const [result, other] = [await finished(report.dir), await finished(alone.dir)];
      assert.deepEqual(
        [result.chainHead, result.stateHash, result.inputs],
        [other.chainHead, other.stateHash, other.inputs],
      );
      const replayed = await replayRun(report.dir, inline);
      assert.deepEqual([replayed.verified, replayed.chainHead], [true, result.chainHead]);
      if (name === "parent")
        assert.equal(outputOfFork(report.dir), outputOfFork(alone.dir), "its outputs are its own");
      heads.push(result.chainHead);
    }
    assert.equal(heads[0], chainHead);
    assert.equal(new Set(heads).size, 3);
    if (name === "parent") assert.equal(outputOfFork(first), outputOf(join(folder, "parent")));
  });
}

function outputOfFork(dir: string): string {
  return readFileSync(join(dir, "outputs", "out.jsonl"), "utf8");
}

test("futures share modules, snapshots and pages, and write logs of their own", async () => {
  const [one = "", two = ""] = places(["one", "two"]);
  await forkFutures(silent.dir, { at: 39, ...inline }, [{ dir: one }, { dir: two }]);
  const inodes = (dir: string, part: string): readonly number[] =>
    readdirSync(join(dir, part)).map((name) => lstatSync(join(dir, part, name)).ino);
  for (const part of ["modules", "snapshots", "pages"]) {
    assert.ok(inodes(one, part).length > 0, part);
    assert.deepEqual(inodes(one, part), inodes(two, part), part);
  }
  assert.deepEqual(inodes(one, "modules"), inodes(silent.dir, "modules"));
  assert.notDeepEqual(inodes(one, "log"), inodes(two, "log"));
  const before = readFileSync(join(two, "log", readdirSync(join(two, "log"))[0] ?? ""));
  await finished(one);
  assert.deepEqual(readFileSync(join(two, "log", readdirSync(join(two, "log"))[0] ?? "")), before);
});

test("recorded answers enter every future, unless its model is another one", async () => {
  const sample = await modelWorld({ directory: join(folder, "models") });
  await using world = await Engine.open(sample, { ...inline, testing: fakeTesting });
  const result = await world.run();
  await world.close();
  const [kept, none] = await forkFutures(result.dir, { at: 2, ...inline }, [
    { dir: join(folder, "kept") },
    { dir: join(folder, "none"), inputs: "none" },
  ]);
  const alone = await forkRun(result.dir, { at: 2, dir: join(folder, "answers-alone"), ...inline });
  assert.ok(alone.recordedAnswers > 0);
  assert.deepEqual(
    [kept?.recordedAnswers, none?.recordedAnswers],
    [alone.recordedAnswers, alone.recordedAnswers],
  );
  assert.equal((await finished(kept?.dir ?? "")).chainHead, result.chainHead);
});

test("[G10] one future that cannot be: none is made", async () => {
  const outs = places(["fine", "wrong"]);
  const wrong = (overrides: object): Promise<unknown> =>
    forkFutures(silent.dir, { at: 33, ...inline }, [
      { dir: outs[0] ?? "" },
      { dir: outs[1] ?? "", overrides },
    ]);
  await assert.rejects(wrong({ dropped: [9999] }), { code: "WE_FORK_INPUT" });
  await assert.rejects(wrong({ seed: 7 }), { code: "WE_FORK_GENESIS" });
  await assert.rejects(
    forkFutures(silent.dir, { at: 33, ...inline }, [{ dir: outs[0] ?? "" }, { dir: silent.dir }]),
    { code: "WE_RUN_EXISTS" },
  );
  await assert.rejects(forkFutures(silent.dir, { at: 1e9, ...inline }, [{}]), { code: "WE_RUN_TICK" });
  assert.deepEqual(
    outs.map((out) => existsSync(out)),
    [false, false],
  );
  assert.deepEqual(hidden(), []);
  assert.deepEqual(await forkFutures(silent.dir, { at: 33, ...inline }, []), []);
});

/** A run that is replayed in parts gives the report of one piece; parts that do not fit together are no verdict. */

import assert from "node:assert/strict";
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { ReplayPart, WorldMark } from "../replay/replay-contract.js";
import type { RunResult } from "../world/control.js";
import { Engine } from "./engine.js";
import { forkRun } from "./fork-run.js";
import { joinedParts } from "./replay-parts.js";
import { replayRun } from "./replay-run.js";

const folder = freshFolder("parts");
const inline = { isolation: "inline" } as const;
const inParts = { workers: 2, testing: { partLogBytesMin: 0 } } as const;
let run: RunResult;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "parent"), snapshotEvery: 8 });
  await using world = await Engine.open({ ...sample, outputs: [] }, inline);
  run = await world.run();
});

const snapshots = (dir: string): readonly string[] => readdirSync(join(dir, "snapshots")).sort();

test("[G4] two parts of a run are its whole", async () => {
  const told: number[] = [];
  const onProgress = ({ turnsExecuted }: { readonly turnsExecuted: number }): void =>
    void told.push(turnsExecuted);
  const whole = await replayRun(run.dir, inline);
  const parts = await replayRun(run.dir, { ...inParts, onProgress });
  assert.deepEqual(parts, { ...whole, wallMs: parts.wallMs, workers: 2, v8Flags: parts.v8Flags });
  assert.deepEqual([parts.chainHead, parts.turnsExecuted], [run.chainHead, run.turnsExecuted]);
  const [from, to] = [9, 37];
  const middle = await replayRun(run.dir, { ...inParts, from, to });
  const alone = await replayRun(run.dir, { ...inline, from, to });
  assert.deepEqual(middle, { ...alone, wallMs: middle.wallMs, workers: 2, v8Flags: middle.v8Flags });
});

test("[G4] a part that begins with another world's snapshot proves nothing: all is executed in one piece", async () => {
  const names = snapshots(run.dir);
  const other = await forkRun(run.dir, {
    ...inline,
    at: 3,
    dir: join(folder, "other"),
    overrides: { dropped: [20] },
  });
  await using world = await Engine.open(other.dir, { resume: true, ...inline });
  await world.run();
  await world.close();
  const copy = await forkRun(run.dir, { ...inline, at: 39, dir: join(folder, "copy") });
  for (const place of ["snapshots", "pages"]) {
    for (const name of readdirSync(join(run.dir, place)))
      copyFileSync(join(run.dir, place, name), join(copy.dir, place, name));
    // Every snapshot in the middle is that of the other world now.
    for (const name of readdirSync(join(other.dir, place)))
      if (place === "pages" || names.slice(1, -1).includes(name))
        copyFileSync(join(other.dir, place, name), join(copy.dir, place, name));
  }
  const report = await replayRun(copy.dir, inParts);
  assert.equal(report.verified, true, "its log is sound");
  const { workers, ...rest } = await replayRun(run.dir, { ...inline, to: 39 });
  assert.equal(workers, 1);
  assert.deepEqual([report.chainHead, report.turnsExecuted], [rest.chainHead, rest.turnsExecuted]);
});

test("[G4] parts are joined only where the world that one begins with is the one that another ended with", async () => {
  const report = await replayRun(run.dir, inline);
  const mark = (tick: number): WorldMark => ({
    tick,
    chainHead: `chain ${tick}`,
    stateHash: `state ${tick}`,
  });
  const part = (begin: WorldMark | undefined, end: WorldMark): ReplayPart => {
    return { report, ...(begin && { begin }), end, startedMs: 5, endedMs: 7 };
  };
  const [first, last] = [part(undefined, mark(4)), part(mark(4), mark(9))];
  assert.equal(joinedParts([first, last])?.turnsExecuted, 2 * report.turnsExecuted);
  for (const change of [{ tick: 5 }, { chainHead: "another" }, { stateHash: "another" }]) {
    assert.equal(joinedParts([first, { ...last, begin: { ...mark(4), ...change } }]), undefined);
  }
  assert.equal(joinedParts([first, part(undefined, mark(9))]), undefined);
  assert.equal(joinedParts([first, { ...last, report: { ...report, verified: false } }]), undefined);
});

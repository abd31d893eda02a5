/** A run that is replayed in parts gives the report of one piece; parts that do not fit together are no verdict. */

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import type { ReplayPart, WorldMark } from "./replay-contract.js";
import { joinedParts } from "./replay-parts.js";
import { PartBoard } from "./part-board.js";
import { evenStretchesOf, stretchesOf } from "./replay-stretches.js";

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
    return { report, ...(begin && { begin }), end };
  };
  const work = { workers: 2, wallMs: 7 };
  const [first, last] = [part(undefined, mark(4)), part(mark(4), mark(9))];
  for (const parts of [
    [first, last],
    [last, first],
  ]) {
    const joined = joinedParts(parts, work);
    assert.equal(joined?.turnsExecuted, 2 * report.turnsExecuted);
    assert.deepEqual([joined.workers, joined.wallMs], [2, 7]);
  }
  for (const change of [{ tick: 5 }, { chainHead: "another" }, { stateHash: "another" }]) {
    assert.equal(joinedParts([first, { ...last, begin: { ...mark(4), ...change } }], work), undefined);
  }
  assert.equal(joinedParts([first, part(undefined, mark(9))], work), undefined);
  assert.equal(joinedParts([first, { ...last, report: { ...report, verified: false } }], work), undefined);
});

test("a run is cut at the snapshots nearest to equal work, which bytes of its log tell", () => {
  // Nothing happens for 1000 ticks, then much.
  const heads = [
    { tick: -1, position: 0 },
    { tick: 999, position: 1000 },
    { tick: 1999, position: 101_000 },
  ];
  const run = { from: undefined, to: 1999, snapshots: [1, 500, 1000, 1240, 1260, 1490, 1800, 1999], heads };
  const stretches = stretchesOf(run, 4);
  assert.deepEqual(
    stretches.map(({ from, to }) => [from, to]),
    [
      [undefined, 1240],
      [1240, 1490],
      [1490, 1800],
      [1800, 1999],
    ],
  );
  const work = stretches.reduce((sum, stretch) => sum + stretch.work, 0);
  assert.equal(Math.round(work), 101_000);
  assert.deepEqual(stretchesOf({ ...run, snapshots: [] }, 4).length, 1);
  assert.deepEqual(
    stretchesOf({ ...run, from: 1240, to: 1700 }, 8).map(({ from, to }) => [from, to]),
    [
      [1240, 1260],
      [1260, 1490],
      [1490, 1700],
    ],
  );
});

test("there are as many parts as threads where they come out even, and more where they do not", () => {
  const heads = [
    { tick: -1, position: 0 },
    { tick: 999, position: 100_000 },
  ];
  const even = { from: undefined, to: 999, heads, snapshots: [249, 499, 749] };
  assert.equal(evenStretchesOf(even, 4, 0.04).length, 4);
  const odd = { ...even, snapshots: [99, 199, 299, 599, 699, 799, 899] };
  // Two threads: 0 to 599 and the rest would be 6 to 4.
  const parts = evenStretchesOf(odd, 2, 0.04);
  assert.ok(parts.length > 2, `${parts.length} parts`);
  assert.deepEqual([parts[0]?.from, parts.at(-1)?.to], [undefined, 999]);
  for (const [index, part] of parts.entries()) if (index > 0) assert.equal(part.from, parts[index - 1]?.to);
  assert.equal(evenStretchesOf({ ...even, snapshots: [] }, 4, 0.04).length, 1);
});

test("a part is taken once, and by nobody once there is no use in it", () => {
  const board = new PartBoard(2);
  const other = new PartBoard(board.shared);
  assert.deepEqual(
    [board.take(3), other.take(0), other.take(3), board.take(3), board.take(3)],
    [...[0, undefined, 1], ...[2, undefined]],
  );
  const next = new PartBoard(1);
  next.announce();
  assert.equal(next.awaitPlan(1), true);
  next.stop();
  assert.deepEqual([next.take(3), next.awaitPlan(1)], [undefined, false]);
});

test("[G4] a part of the log that no thread executes is read all the same", async () => {
  const copy = await forkRun(run.dir, { ...inline, at: 39, dir: join(folder, "flipped") });
  const [segment] = readdirSync(join(copy.dir, "log"));
  const path = join(copy.dir, "log", segment ?? "");
  const bytes = readFileSync(path);
  const place = bytes.length - 40;
  bytes.writeUInt8(bytes.readUInt8(place) ^ 1, place);
  writeFileSync(path, bytes);
  await assert.rejects(replayRun(copy.dir, { ...inParts, to: 20 }), { code: "WE_LOG_DAMAGED" });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { SnapshotPace } from "./snapshot-pace.js";
import type { SnapshotSpacing } from "./snapshot-pace.js";
import { snapshotWorkMsMin } from "./limits.js";

let clockMs = 0;
const now = (): number => clockMs;

function spend(ms: number): () => true {
  return () => {
    clockMs += ms;
    return true;
  };
}

test("snapshots come every so many ticks, a little earlier where a tick has a state hash, or only at the end", () => {
  const every = new SnapshotPace(10, 64, { waits: true });
  assert.deepEqual([every.isDue(9, 9), every.isDue(10, 10), every.isDue(11, 11)], [false, true, true]);
  const hashed = new SnapshotPace(100, 16, { waits: true });
  assert.deepEqual([hashed.isDue(80, 80), hashed.isDue(95, 95), hashed.isDue(96, 96)], [false, false, true]);
  assert.equal(new SnapshotPace(undefined, 64, { waits: true }).isDue(1_000_000, 1_000_000), false);
});

test("only a configured distance is worth waiting for, and never in a paced world", () => {
  const promised = (spacing: SnapshotSpacing, waits: boolean): boolean =>
    new SnapshotPace(spacing, 64, { waits }).isPromised;
  assert.deepEqual([promised(10, true), promised("affordable", true)], [true, false]);
  assert.deepEqual([promised(10, false), promised(undefined, true)], [false, false]);
});

test("an affordable snapshot waits for work worth keeping, and for twenty times its own cost", () => {
  const pace = new SnapshotPace("affordable", 1, { waits: true, now });
  assert.equal(pace.isDue(1, 1_000_000), false, "empty ticks are no work");
  pace.working(spend(snapshotWorkMsMin));
  assert.equal(pace.isDue(1, 1), true);
  assert.equal(
    pace.beginning(() => false),
    false,
  );
  assert.equal(pace.isDue(1, 1), true, "one that could not be begun is still due");
  pace.beginning(spend(snapshotWorkMsMin / 2));
  pace.advancing(spend(snapshotWorkMsMin / 2));
  assert.equal(pace.isDue(1, 1_000_000), false);
  pace.working(spend(snapshotWorkMsMin));
  assert.equal(pace.isDue(1, 1_000_000), false, "the last one cost as much as the work since");
});

test("an affordable snapshot waits a while for a tick that has a state hash", () => {
  const pace = new SnapshotPace("affordable", 100, { waits: true, now });
  pace.working(spend(snapshotWorkMsMin));
  assert.deepEqual([pace.isDue(199, 5), pace.isDue(200, 6)], [false, true]);
  pace.working(spend(snapshotWorkMsMin));
  assert.equal(pace.isDue(201, 7), true);
});

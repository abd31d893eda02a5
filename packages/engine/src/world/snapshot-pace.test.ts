import assert from "node:assert/strict";
import { test } from "node:test";
import { SnapshotPace } from "./snapshot-pace.js";
import type { SnapshotSpacing } from "./snapshot-pace.js";
import { snapshotCostShareMax, snapshotCreditMs, snapshotHitchFactor, snapshotWorkMsMin } from "./limits.js";

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

test("an affordable snapshot waits for work worth keeping", () => {
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

/** Runs ticks of 1 ms; returns the work between snapshots, which cost as long as `cost` says. */
function distances(ticks: number, cost: (snapshot: number) => number): number[] {
  const pace = new SnapshotPace("affordable", 16, { waits: true, now });
  const taken: number[] = [];
  let last = 0;
  for (let tick = 1; tick <= ticks; tick += 1) {
    pace.working(spend(1));
    if (!pace.isDue(tick, tick - last)) continue;
    const ms = cost(taken.length);
    pace.beginning(spend(ms / 4));
    pace.advancing(spend((ms * 3) / 4));
    taken.push(tick - last);
    last = tick;
  }
  return taken;
}

test("affordable snapshots take a twentieth of the time, and lie no further apart than that needs", () => {
  for (const ms of [0.1, 1, 4, 9, 40]) {
    const [first = 0, second = 0, third = 0, ...taken] = distances(100_000, () => ms);
    const spentMs = (taken.length + 3) * ms;
    assert.ok(spentMs <= 100_000 * snapshotCostShareMax + snapshotCreditMs + ms, `${ms}: ${spentMs}`);
    const neededMs = Math.max(snapshotWorkMsMin, ms / snapshotCostShareMax);
    for (const distance of taken) assert.ok(distance <= neededMs + 32, `${ms}: ${distance}`);
    assert.ok(first <= snapshotWorkMsMin + 16);
    // What the first one took says little: it starts a thread.
    assert.ok(Math.max(second, third) <= 2 * neededMs + 32, `${ms}: ${second}, ${third}`);
  }
});

test("a snapshot that took long because of something else delays the next a little, two in a row fully", () => {
  const isLate = (distance: number): boolean => distance > 4 / snapshotCostShareMax + 16;
  const once = distances(100_000, (snapshot) => (snapshot % 50 === 49 ? 400 : 4));
  assert.ok(
    once.filter(isLate).length <= once.length / 40,
    `${once.filter(isLate).length} of ${once.length}`,
  );
  assert.ok(Math.max(...once) <= (snapshotHitchFactor * 4 + 4) / snapshotCostShareMax + 32);
  const often = (snapshot: number): number => (snapshot % 2 === 1 ? 400 : 4);
  const spentMs = distances(100_000, often).reduce((sum, _, snapshot) => sum + often(snapshot), 0);
  assert.ok(spentMs <= 100_000 * snapshotCostShareMax + 800, `${spentMs}`);
});

test("what the first snapshot took beyond what so many agents may take does not delay the second", () => {
  const pace = new SnapshotPace("affordable", 1, { waits: true, agents: 100, now });
  pace.working(spend(snapshotWorkMsMin));
  pace.beginning(spend(3));
  pace.advancing(spend(300));
  let workMs = 0;
  for (; !pace.isDue(1, 1); workMs += 10) pace.working(spend(10));
  assert.ok(workMs <= 4 * snapshotWorkMsMin, `${workMs}`);
  pace.beginning(spend(303));
  for (workMs = 0; !pace.isDue(1, 1); workMs += 10) pace.working(spend(10));
  assert.ok(workMs >= 300 / snapshotCostShareMax, `${workMs}`);
});

test("an affordable snapshot waits a while for a tick that has a state hash", () => {
  const pace = new SnapshotPace("affordable", 100, { waits: true, now });
  pace.working(spend(snapshotWorkMsMin));
  assert.deepEqual([pace.isDue(199, 5), pace.isDue(200, 6)], [false, true]);
  pace.working(spend(snapshotWorkMsMin));
  assert.equal(pace.isDue(201, 7), true);
});

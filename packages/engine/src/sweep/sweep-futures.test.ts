/** Sweeps over the futures of a tick: executed together, they have the rows and leave the runs that they have alone. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { sweepFutures } from "./sweep-futures.js";

const folder = freshFolder("sweep-futures");
const inline = { isolation: "inline" } as const;
const at = 39;
let parent: RunResult;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "parent"), snapshotEvery: 20 });
  await using world = await Engine.open({ ...sample, outputs: [] }, inline);
  parent = await world.run();
});

const options = (name: string, values: readonly string[], path = "input.91") => {
  return { ...inline, at, dir: join(folder, name), settings: [{ path, values }] } as const;
};
const runsOf = (name: string): number => readdirSync(join(folder, name, "runs")).length;

test("futures of a sweep are what they are alone; each is executed once, known ones are not", async () => {
  const metrics = [{ name: "turns", expression: "run.turnsExecuted" }];
  const values = ["one", "two", "one"];
  const report = await sweepFutures(parent.dir, { ...options("values", values), jobs: 2, metrics });
  assert.deepEqual([report.failed, report.reused, runsOf("values")], [0, 1, 2]);
  for (const { settings, chainHead, dir, metrics: measured, turns } of report.rows) {
    const overrides = { inputs: { 91: settings["input.91"] ?? null } };
    const alone = await forkRun(parent.dir, { ...inline, at, overrides });
    await using world = await Engine.open(alone.dir, { resume: true, ...inline });
    assert.equal(chainHead, (await world.run()).chainHead);
    assert.equal(measured["turns"], turns);
    assert.ok(readdirSync(dir ?? "").includes("run.json"));
  }
  const more = await sweepFutures(parent.dir, { ...options("values", [...values, "three"]), metrics });
  assert.deepEqual([more.failed, more.reused, runsOf("values")], [0, 3, 3]);
});

test("[G10] one future that cannot be made is its own row, and leaves nothing among the runs", async () => {
  const missing = join(folder, "missing.jsonl");
  const { rows } = await sweepFutures(parent.dir, options("missing", ["keep", missing, "none"], "inputs"));
  assert.deepEqual(
    rows.map(({ ok, error }) => error?.code ?? ok),
    [true, "WE_INPUT_READ", true],
  );
  assert.equal(rows[0]?.chainHead, parent.chainHead);
  assert.equal(runsOf("missing"), 2);
  assert.deepEqual(
    readdirSync(join(folder, "missing", "runs")).filter((name) => name.startsWith(".")),
    [],
  );
});

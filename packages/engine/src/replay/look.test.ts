/** Looks at recorded runs one after the other in one process: nothing of one is told by the next. */

import assert from "node:assert/strict";
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { inspectRun } from "../client/replay-run.js";
import { compactRun } from "../client/upkeep.js";
import { freshFolder } from "../testing/run-folders.js";
import { folderText } from "../testing/guest-text.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { WorldReport } from "../world/control.js";
import { reportWorld } from "../world/report.js";
import { readConfirmed } from "./confirmed-track.js";
import { openRecordedRun } from "./track.js";

const folder = freshFolder("look");
const inline = { isolation: "inline" } as const;
const ticks = [0, 7, 19, 20, 33, 47, 58];
/** A moving target: whatever run lies here is the one that is told about. */
const place = join(folder, "place");
const runs: { readonly dir: string; readonly reports: readonly WorldReport[] }[] = [];

before(async () => {
  const other = folderText.replace("(global.get $turns) (i32.const 1)", "(global.get $turns) (i32.const 2)");
  assert.notEqual(other, folderText);
  const worlds = [{ seed: 1 }, { seed: 2 }, { seed: 1, agents: 3 }, { seed: 1, text: other }];
  for (const [index, options] of worlds.entries()) {
    const directory = join(folder, `run-${index}`);
    await using world = await Engine.open(
      await sampleWorld({ directory, snapshotEvery: 10, ...options }),
      inline,
    );
    const { dir } = await world.run();
    const reports = ticks.map((at) => freshLook(dir, at));
    runs.push({ dir, reports });
  }
});

/** As a process that has not looked before: with an executor of its own. */
function freshLook(dir: string, at: number): WorldReport {
  const run = openRecordedRun(dir);
  return readConfirmed(run, { from: at + 1, to: at }, (track) =>
    reportWorld(track.world, { runId: run.runId, describe: (agent) => track.describe(agent) }),
  );
}

function put(dir: string): void {
  rmSync(place, { recursive: true, force: true });
  cpSync(dir, place, { recursive: true });
}

test("[S14.inspect] a run that replaces another under its path is the one that is told about", async () => {
  for (const order of [runs, runs.toReversed()]) {
    for (const { dir, reports } of order) {
      put(dir);
      for (const [index, at] of ticks.entries()) {
        assert.deepEqual(await inspectRun(place, { at, ...inline }), reports[index], `${dir} at ${at}`);
      }
    }
  }
});

test("[S14.inspect] a run that has gone on, was cut or has given up its beginning is told about as it is", async () => {
  const [first, second] = runs;
  assert.ok(first !== undefined && second !== undefined);
  put(first.dir);
  const log = join(place, "log");
  const [segment = ""] = readdirSync(log);
  const whole = readFileSync(join(log, segment));
  await inspectRun(place, { at: 47, ...inline });
  rmSync(join(place, "snapshots"), { recursive: true });
  assert.deepEqual(await inspectRun(place, { at: 47, ...inline }), first.reports[5], "without its snapshots");
  rmSync(join(place, "synced"));
  writeFileSync(join(log, segment), whole.subarray(0, whole.length >> 1));
  await assert.rejects(inspectRun(place, { at: 58, ...inline }), { code: "WE_RUN_TICK" }, "of the cut tail");
  assert.deepEqual(await inspectRun(place, { at: 7, ...inline }), first.reports[1]);
  writeFileSync(join(log, segment), whole);
  assert.deepEqual(await inspectRun(place, { at: 58, ...inline }), first.reports[6], "it has gone on");
  put(second.dir);
  await inspectRun(place, { at: 7, ...inline });
  await compactRun(place, { keepFrom: 40 });
  await assert.rejects(inspectRun(place, { at: 7, ...inline }), { code: "WE_RUN_COMPACTED" });
  assert.deepEqual((await inspectRun(place, { at: 47, ...inline })).agents, second.reports[5]?.agents);
});

test("[S14.inspect] looks at the same time at two runs do not meet", async () => {
  const looks = ticks.flatMap((at, index) =>
    runs.map(async ({ dir, reports }) => {
      assert.deepEqual(await inspectRun(dir, { at, ...inline }), reports[index]);
    }),
  );
  await Promise.all(looks);
});

test("[S14.inspect] a look that meets damage leaves nothing behind for the next one", async () => {
  const [first] = runs;
  assert.ok(first !== undefined);
  put(first.dir);
  await inspectRun(place, { at: 33, ...inline });
  const modules = join(place, "modules");
  for (const name of readdirSync(modules)) {
    const path = join(modules, name);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
  }
  await assert.rejects(inspectRun(place, { at: 33, ...inline }), { code: "WE_MODULE_DIGEST_MISMATCH" });
  put(first.dir);
  assert.deepEqual(await inspectRun(place, { at: 33, ...inline }), first.reports[4]);
});

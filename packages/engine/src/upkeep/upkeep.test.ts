/** rm and gc: what goes, what stays, and that nothing goes beside somebody who is at work on it. */

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { collectWaste, removeRuns } from "../client/upkeep.js";
import { RunLock } from "../storage/index.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { runsDirectory } from "../world/run-reference.js";

const inline = { isolation: "inline" } as const;
const folder = freshFolder("upkeep");
const runs = runsDirectory(folder);
let parent = "";

/** A short run in the project `folder`. */
async function shortRun(): Promise<string> {
  const sample = await sampleWorld({ directory: folder, records: 20, span: 12, snapshotEvery: 4 });
  await using world = await Engine.open(sample, inline);
  await world.run();
  await world.close();
  return world.dir;
}

before(async () => {
  parent = await shortRun();
});

async function forkOf(run: string): Promise<string> {
  return (await forkRun(run, { at: 6, ...inline })).dir;
}

test("[S14.rm] a run goes whole; one with forks says which, and takes them along or leaves them", async () => {
  const run = await shortRun();
  const fork = await forkOf(run);
  const forkOfFork = await forkOf(fork);
  const options = { baseDirectory: folder };
  await assert.rejects(removeRuns([run], options), { code: "WE_RM_FORKS", exitCode: 2 });
  await assert.rejects(removeRuns([fork, run], options), { code: "WE_RM_FORKS" });
  assert.ok(
    [run, fork, forkOfFork].every((dir) => existsSync(dir)),
    "all or none",
  );
  const copy = join(runs, "copy");
  cpSync(run, copy, { recursive: true });
  const copies = await removeRuns([copy], { ...options, forks: "remove" });
  assert.deepEqual(
    copies.removed.map(({ dir }) => dir),
    [copy],
    "forks belong to the run that stays",
  );
  const orphaned = await removeRuns([run], { ...options, forks: "orphan" });
  assert.deepEqual(
    orphaned.removed.map(({ dir }) => dir),
    [run],
  );
  assert.ok(orphaned.bytes > 1000);
  assert.equal((await replayRun(fork, inline)).verified, true, "a fork needs nothing of its parent");
  const both = await removeRuns([fork], { ...options, forks: "remove" });
  assert.deepEqual(
    both.removed.map(({ dir }) => dir),
    [forkOfFork, fork],
  );
  assert.ok([run, fork, forkOfFork].every((dir) => !existsSync(dir)));
  assert.deepEqual(
    readdirSync(runs).filter((name) => name.startsWith(".")),
    [],
  );
});

test("[G10] [S14.rm] a run that is open, that is read, or that holds files of somebody stays", async () => {
  const run = await shortRun();
  const options = { baseDirectory: folder };
  const other = await shortRun();
  for (const name of ["lock", "index/lock"]) {
    mkdirSync(join(run, "index"), { recursive: true });
    const lock = RunLock.acquire(join(run, name));
    await assert.rejects(removeRuns([other, run], options), { code: "WE_RUN_LOCKED" });
    lock.release();
  }
  writeFileSync(join(run, "notes.txt"), "mine");
  await assert.rejects(removeRuns([other, run], options), { code: "WE_RM_NOT_A_RUN", exitCode: 2 });
  await assert.rejects(removeRuns([folder], options), { code: "WE_RUN_NOT_FOUND" });
  await assert.rejects(removeRuns(["nothing"], options), { code: "WE_RUN_UNKNOWN" });
  assert.ok(existsSync(join(run, "run.json")) && existsSync(join(other, "run.json")));
  assert.ok(!existsSync(join(other, "lock")), "locks are given back");
});

function aged(path: string, text = "x".repeat(100)): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, 1, 1);
  return path;
}

test("[S14.gc] what no run needs goes, per kind; what is young, open, or needed stays", async () => {
  const needed = readdirSync(join(parent, "modules")).length;
  const waste = [
    aged(join(parent, "modules", `${"ab".repeat(32)}.wasm`)),
    aged(join(parent, "pages", `${"cd".repeat(32)}.pack`)),
    aged(join(parent, "snapshots", "0000000000000099.snap.tmp")),
    aged(join(folder, ".wasm-engine", "answers", "ab", "cd.tmp")),
    aged(join(folder, ".wasm-engine", "build", "cache", "ab.wasm.123.tmp")),
    aged(join(runs, ".dead.123.tmp", "run.json")),
    aged(join(runs, ".gone.0.removed", "run.json")),
    aged(join(runs, ".dead.trunk", "run.json")),
    aged(join(parent, "lock.4194304.1")),
  ];
  for (const name of [".dead.123.tmp", ".dead.trunk"]) utimesSync(join(runs, name), 1, 1);
  const kept = [
    aged(join(folder, ".wasm-engine", "answers", "ab", "ef")),
    aged(join(folder, ".wasm-engine", "prepared", "ab.module")),
    aged(join(folder, ".wasm-engine", "build", "cache", "ab.wasm")),
    join(runs, ".young.123.tmp"),
    join(parent, "run.json"),
  ];
  mkdirSync(join(runs, ".young.123.tmp"));
  const options = { baseDirectory: folder };
  const planned = await collectWaste({ ...options, dryRun: true });
  assert.ok(waste.every((path) => existsSync(path)));
  const lock = RunLock.acquire(join(parent, "lock"));
  const beside = await collectWaste({ ...options, dryRun: true });
  assert.equal(
    beside.waste.find(({ kind }) => kind === "pages"),
    undefined,
    "never beside a world",
  );
  assert.deepEqual(
    beside.passedOver.map(({ dir }) => dir),
    [parent],
  );
  lock.release();
  const report = await collectWaste(options);
  assert.deepEqual({ ...report, dryRun: true }, planned);
  const found = Object.fromEntries(report.waste.map(({ kind, bytes }) => [kind, bytes]));
  assert.deepEqual(found, { unfinished: 700, pages: 100, modules: 100 });
  assert.deepEqual(
    waste.filter((path) => existsSync(path)),
    [],
  );
  assert.ok(kept.every((path) => existsSync(path)));
  assert.equal(readdirSync(join(parent, "modules")).length, needed);
  assert.equal((await replayRun(parent, { from: 6, ...inline })).verified, true);
  assert.equal((await collectWaste(options)).files, 0, "twice is as once");
});

test("[S14.gc] runs that lie elsewhere are looked at where they are named, alone or in a folder of them", async () => {
  const elsewhere = freshFolder("elsewhere");
  const run = join(elsewhere, "runs", "00001");
  cpSync(parent, run, { recursive: true });
  const left = aged(join(run, "snapshots", "0000000000000099.snap.tmp"));
  await collectWaste({ baseDirectory: folder });
  assert.ok(existsSync(left), "nobody named it");
  for (const place of [run, join(elsewhere, "runs"), elsewhere]) {
    aged(left);
    await collectWaste({ baseDirectory: folder, runs: [place] });
    assert.ok(!existsSync(left), place);
  }
  const nowhere = collectWaste({ baseDirectory: folder, runs: [freshFolder("nothing")] });
  await assert.rejects(nowhere, { code: "WE_RUN_NOT_FOUND" });
});

test("[G3] what interrupted writes left in a run goes when it is opened to go on", async () => {
  const run = join(freshFolder("resumed"), "run");
  cpSync(parent, run, { recursive: true });
  const left = ["run.json.tmp", "log/0000000000.seg.tmp", "modules/a.tmp", "pages/a.tmp", "snapshots/a.tmp"];
  for (const name of left) aged(join(run, name));
  const world = await Engine.open(run, { resume: true, ...inline });
  await world.close();
  assert.deepEqual(
    left.filter((name) => existsSync(join(run, name))),
    [],
  );
});

test("[S14.gc] caches go where they are asked for and were not used for a while", async () => {
  const old = aged(join(folder, ".wasm-engine", "answers", "12", "34"));
  const young = join(folder, ".wasm-engine", "answers", "12", "56");
  writeFileSync(young, "young");
  aged(join(parent, "index", "events"));
  const report = await collectWaste({ baseDirectory: folder, caches: true });
  assert.ok(!existsSync(old) && existsSync(young) && !existsSync(join(parent, "index")));
  assert.ok(report.waste.some(({ kind }) => kind === "answers"));
  assert.ok(report.waste.some(({ kind }) => kind === "indexes"));
});

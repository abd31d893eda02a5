/** Runs that travel with snapshots, or without their beginning; and files that must not be taken for such. */

import assert from "node:assert/strict";
import fs, { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";
import { before, test } from "node:test";
import { encodeUtf8 } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { followRun } from "../client/followed-run.js";
import { forkRun } from "../client/fork-run.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { verifyLogOfRun } from "../client/run-log.js";
import { bundleRun, exportRun, importRun, openBundle } from "../client/run-place.js";
import { compactRun } from "../client/upkeep.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import { encodeBundle } from "./bundle-file.js";
import type { BundleContent, BundlePart } from "./bundle-file.js";
import { readBundle } from "./open-bundle.js";

const folder = freshFolder("export");
const inline = { isolation: "inline" } as const;
let result: RunResult;
const file = join(folder, "whole.run");
const tail = join(folder, "tail.run");

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "project"), snapshotEvery: 20 });
  await using world = await Engine.open({ ...sample, outputs: [] }, inline);
  result = await world.run();
  await world.close();
  await using followed = await followRun(result.dir);
  await followed.reach();
  await followed.close();
  await exportRun(result.dir, { out: file, snapshots: true, index: true });
  await exportRun(result.dir, { out: tail, from: 45 });
});

let places = 0;
function freshPlace(): string {
  places += 1;
  return join(folder, `place-${places}`, "run");
}

const contentOf = (path: string): BundleContent => readBundle(path, readFileSync(path)).content;

test("[S14.export] [S14.import] with its snapshots a run is looked at, forked, gone on with elsewhere", async () => {
  const dir = freshPlace();
  const imported = await importRun(file, { dir });
  assert.deepEqual([imported.already, imported.chainHead], [false, result.chainHead]);
  assert.deepEqual(readdirSync(join(dir, "snapshots")), readdirSync(join(result.dir, "snapshots")));
  assert.deepEqual(readdirSync(join(dir, "pages")), readdirSync(join(result.dir, "pages")));
  assert.ok(!existsSync(join(dir, "index")), "nobody's index is trusted unasked");
  const views = [dir, result.dir].map((run) => inspectRun(run, { at: 47, ...inline }));
  const [ours, theirs] = await Promise.all(views);
  assert.deepEqual(ours?.agents, theirs?.agents);
  assert.equal((await replayRun(dir, inline)).verified, true);
  // Input files are of the project, and do not travel.
  cpSync(join(folder, "project", "records.jsonl"), join(dir, "records.jsonl"));
  const fork = await forkRun(dir, { at: 47, dir: freshPlace(), ...inline });
  await using world = await Engine.open(fork.dir, { resume: true, ...inline });
  assert.equal((await world.run()).chainHead, result.chainHead);
  const beside = await forkRun(dir, { at: 47, ...inline });
  assert.equal(dirname(beside.dir), dirname(dir), "it has no project: its forks come beside it");
  const indexed = freshPlace();
  await importRun(file, { dir: indexed, withIndex: true });
  assert.deepEqual(
    readFileSync(join(indexed, "index/events")),
    readFileSync(join(result.dir, "index/events")),
  );
});

test("[S14.export] a run that is exported from a tick on begins at a snapshot and keeps its chain", async () => {
  const dir = freshPlace();
  await importRun(tail, { dir });
  const { firstTick, ok } = await verifyLogOfRun(dir);
  assert.ok(ok && firstTick > 1 && firstTick <= 46, `tick ${firstTick}`);
  const replayed = await replayRun(dir, { from: 45, ...inline });
  assert.deepEqual([replayed.verified, replayed.chainHead], [true, result.chainHead]);
  assert.equal((await replayRun(tail, { from: 45, ...inline })).verified, true, "the file itself, too");
  assert.ok(readFileSync(tail).length < readFileSync(file).length);
  await assert.rejects(replayRun(dir, inline), { code: "WE_RUN_COMPACTED" });
  const again = join(folder, "again.run");
  await bundleRun(dir, { out: again });
  assert.deepEqual(contentOf(again).log, contentOf(tail).log);
  const early = exportRun(result.dir, { out: join(folder, "early.run"), from: 3 });
  await assert.rejects(early, { code: "WE_BUNDLE_FROM", exitCode: 2 });
});

test("[G3] what a killed export or import left beside its place goes with the next one", async () => {
  const dir = freshPlace();
  const out = join(folder, "beside", "night.run");
  const left = [dir, out].map((place) => join(dirname(place), `.${basename(place)}.4194304.tmp`));
  for (const path of left) mkdirSync(path, { recursive: true });
  const alive = join(dirname(out), `.night.run.${process.ppid}.tmp`);
  writeFileSync(alive, "");
  await exportRun(result.dir, { out });
  await importRun(out, { dir });
  assert.deepEqual(
    [...left, alive].map((path) => existsSync(path)),
    [false, false, true],
  );
});

test("[S14.export] a compacted run is exported with the snapshot that it begins with", async () => {
  const dir = freshPlace();
  cpSync(result.dir, dir, { recursive: true });
  await compactRun(dir, { keepFrom: 45 });
  const out = join(folder, "compacted.run");
  await bundleRun(dir, { out });
  const copy = freshPlace();
  await importRun(out, { dir: copy });
  assert.equal((await replayRun(copy, { from: 45, ...inline })).chainHead, result.chainHead);
});

test("[S14.import] a run with outputs goes on elsewhere; there its output begins behind its snapshot", async () => {
  const directory = join(folder, "published");
  const sample = await sampleWorld({ directory, records: 20, span: 30, snapshotEvery: 8 });
  const world = await Engine.open({ ...sample, inputs: [], stop: { when: "never" } }, inline);
  for (let part = 0; part < 6; part += 1) {
    await world.send("a1", { part });
    await world.step(5);
  }
  await world.close();
  const out = join(folder, "published.run");
  await exportRun(world.dir, { out, snapshots: true });
  const dir = freshPlace();
  await importRun(out, { dir });
  const heads: string[] = [];
  for (const place of [world.dir, dir]) {
    const resumed = await Engine.open(place, { resume: true, ...inline });
    await resumed.send("a2", "more");
    await resumed.step(5);
    heads.push((await resumed.stop()).chainHead);
  }
  assert.equal(heads[1], heads[0]);
  const [theirs, ours] = [directory, dir].map((place) => readFileSync(join(place, "out.jsonl"), "utf8"));
  assert.ok(ours !== "" && theirs !== ours && theirs?.endsWith(ours ?? "none"), ours);
});

test("[S14.import] what is here already is said; another run of its id is never replaced", async () => {
  const dir = freshPlace();
  await importRun(file, { dir });
  const before = readFileSync(join(dir, "run.json"));
  assert.equal((await importRun(file, { dir })).already, true);
  await assert.rejects(openBundle(file, { dir }), { code: "WE_RUN_EXISTS" });
  const other = await sampleWorld({ directory: join(folder, "other"), seed: 9 });
  await using world = await Engine.open(other, inline);
  await world.run();
  await world.close();
  const out = join(folder, "other.run");
  await exportRun(world.dir, { out });
  await assert.rejects(importRun(out, { dir }), { code: "WE_BUNDLE_HERE", exitCode: 2 });
  assert.deepEqual(readFileSync(join(dir, "run.json")), before);
  const taken = join(folder, "taken");
  mkdirSync(taken);
  writeFileSync(join(taken, "mine.txt"), "mine");
  await assert.rejects(importRun(file, { dir: taken }), { code: "WE_RUN_NOT_FOUND" });
  assert.deepEqual(readdirSync(taken), ["mine.txt"]);
});

/** Changes of a good file, sealed anew so that every digest fits. */
const lies: Readonly<Record<string, (content: BundleContent) => BundleContent>> = {
  "a path that climbs": (content) => withPart(content, "snapshots/../../evil.snap", [1]),
  "a NUL in a name": (content) => withPart(content, "pages/\0.pack", [1]),
  "an absolute path": (content) => withPart(content, "/etc/evil", [1]),
  "another file of the index": (content) => withPart(content, "index/lock", [1]),
  "a snapshot that is none": (content) => withPart(content, "snapshots/0000000000000099.snap", [1, 2, 3]),
  "a pack that nobody names": (content) => withPart(content, `pages/${"ab".repeat(32)}.pack`, [1]),
  "a name twice": (content) => ({
    ...content,
    parts: [...content.parts, ...snapshotsOf(content).slice(0, 1)],
  }),
  "a pack that is missing": (content) => without(content, /^pages\//),
  "a snapshot of another tick": (content) => {
    const [first, second] = snapshotsOf(content);
    assert.ok(first !== undefined && second !== undefined);
    const swapped = { name: first.name, bytes: second.bytes };
    return { ...content, parts: content.parts.map((part) => (part === first ? swapped : part)) };
  },
  "pages of another digest": (content) => {
    const change = (part: BundlePart): BundlePart =>
      part.name.startsWith("pages/") ? { ...part, bytes: flippedAt(part.bytes, 40) } : part;
    return { ...content, parts: content.parts.map(change) };
  },
};

/** Members of run.json that nobody's engine writes so. */
const setups: readonly Readonly<Record<string, unknown>>[] = [
  { models: "../../x" },
  { outputs: [null] },
  { inputs: [""] },
  { durability: [null] },
  { stop: { when: "sometime" } },
  { snapshotsKept: 0 },
  { adapters: [{ kind: "shell", name: "x", secrets: {} }] },
];

function withSetup(content: BundleContent, setup: Readonly<Record<string, unknown>>): BundleContent {
  const changed = (text: string): Uint8Array => {
    const info = JSON.parse(text) as { readonly setup: object }; // written by a run of this test
    return encodeUtf8(JSON.stringify({ ...info, setup: { ...info.setup, ...setup } }));
  };
  const parts = content.parts.map(({ name, bytes }) => {
    return { name, bytes: name === "run.json" ? changed(Buffer.from(bytes).toString()) : bytes };
  });
  return { ...content, parts };
}

function withPart(content: BundleContent, name: string, bytes: readonly number[]): BundleContent {
  return { ...content, parts: [...content.parts, { name, bytes: Uint8Array.from(bytes) }] };
}

function without(content: BundleContent, form: RegExp): BundleContent {
  return { ...content, parts: content.parts.filter(({ name }) => !form.test(name)) };
}

function snapshotsOf({ parts }: BundleContent): readonly BundlePart[] {
  return parts.filter(({ name }) => name.startsWith("snapshots/"));
}

function flippedAt(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = (copy[offset] ?? 0) ^ 1;
  return copy;
}

test("[G10] [S14.import] hostile files are refused with one code, and nothing is written", async () => {
  const content = contentOf(file);
  const path = join(folder, "lie.run");
  for (const [what, lie] of Object.entries(lies)) {
    writeFileSync(path, encodeBundle(lie(content), "0.0.0"));
    const dir = freshPlace();
    await assert.rejects(importRun(path, { dir }), { code: "WE_BUNDLE_DAMAGED", exitCode: 3 }, what);
    assert.ok(!existsSync(join(dir, "..")), `${what}: nothing is written`);
  }
  for (const setup of setups) {
    writeFileSync(path, encodeBundle(withSetup(content, setup), "0.0.0"));
    const dir = freshPlace();
    const refusal = { code: "WE_BUNDLE_DAMAGED", exitCode: 3 };
    await assert.rejects(importRun(path, { dir }), refusal, JSON.stringify(setup));
    assert.ok(!existsSync(dir), `${JSON.stringify(setup)}: nothing is left`);
  }
  const based = contentOf(tail);
  writeFileSync(path, encodeBundle(without(based, /^(snapshots|pages)\//), "0.0.0"));
  await assert.rejects(importRun(path, { dir: freshPlace() }), { code: "WE_BUNDLE_DAMAGED" });
  const whole = readFileSync(file);
  for (const length of [0, 31, 32, 5000, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    await assert.rejects(importRun(path, { dir: freshPlace() }), { code: "WE_BUNDLE_DAMAGED" });
  }
});

test("[G10] [S14.export] a file that somebody else has just written stays theirs", async (context) => {
  const out = join(folder, "theirs.run");
  writeFileSync(out, "theirs");
  const unseen = context.mock.method(fs, "existsSync", () => false);
  syncBuiltinESMExports();
  try {
    await assert.rejects(exportRun(result.dir, { out }), { code: "WE_BUNDLE_EXISTS", exitCode: 2 });
  } finally {
    unseen.mock.restore();
    syncBuiltinESMExports();
  }
  assert.equal(readFileSync(out, "utf8"), "theirs");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("[S14.bundle] a file without snapshots keeps the first format, one with them says so", async () => {
  const plain = join(folder, "plain.run");
  await bundleRun(result.dir, { out: plain });
  assert.deepEqual(
    [plain, file, tail].map((path) => readFileSync(path).readUInt32LE(8)),
    [1, 2, 2],
  );
});

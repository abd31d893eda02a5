/** Bundles: one file that replays elsewhere, equal for equal runs, and never misread. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { Engine } from "../client/engine.js";
import { inspectRun, logsOfRun, replayRun } from "../client/replay-run.js";
import { recordsOfRun, verifyLogOfRun } from "../client/run-log.js";
import { bundleRun, openBundle } from "../client/run-place.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { createEventLog } from "../storage/event-log.js";
import { RunFolder } from "../storage/run-folder.js";
import { flipped, resealed } from "../testing/damage.js";
import { LogScript, scriptGenesis } from "../testing/log-script.js";
import { freshFolder } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { ResolvedWorld } from "../world/contract.js";
import type { RunResult } from "../world/control.js";
import { newRunInfo } from "../world/run-store.js";
import { encodeBundle } from "./bundle-file.js";
import type { BundleContent } from "./bundle-file.js";
import { readBundle } from "./open-bundle.js";
import type { BundleReport } from "./bundle-run.js";

const folder = freshFolder("bundle");
const inline = { isolation: "inline" } as const;
let result: RunResult;
let report: BundleReport;
let sample: ResolvedWorld;
const file = join(folder, "sample.bundle");

before(async () => {
  sample = await sampleWorld({ directory: join(folder, "project"), snapshotEvery: 20 });
  await using world = await Engine.open(sample, inline);
  result = await world.run();
  await world.close();
  report = await bundleRun(result.dir, { out: file });
});

async function allRecords(run: string): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const record of recordsOfRun(run)) records.push(record);
  return records;
}

const content = (): BundleContent => readBundle(file, readFileSync(file)).content;

test("[G4] [S14.bundle] a bundle replays elsewhere to the same chain; every view takes it directly", async () => {
  assert.equal(report.chainHead, result.chainHead);
  const elsewhere = join(freshFolder("bundle-elsewhere"), "copy.bundle");
  writeFileSync(elsewhere, readFileSync(file));
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("wasm-engine-bundle-"));
  const replayed = await replayRun(elsewhere, inline);
  assert.deepEqual(
    [replayed.verified, replayed.chainHead, replayed.ticks],
    [true, result.chainHead, result.ticks],
  );
  assert.equal(replayed.dir, elsewhere);
  assert.equal((await replayRun("copy.bundle", { baseDirectory: join(elsewhere, "..") })).verified, true);
  assert.equal((await inspectRun(elsewhere, inline)).stateHash, result.stateHash);
  assert.deepEqual(await logsOfRun(elsewhere, inline), await logsOfRun(result.dir, inline));
  assert.equal((await verifyLogOfRun(elsewhere)).closed, true);
  const [ours, theirs] = await Promise.all([result.dir, elsewhere].map(allRecords));
  assert.deepEqual(theirs, ours);
  for await (const record of recordsOfRun(elsewhere)) {
    assert.equal(record.kind, "genesis");
    break;
  }
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith("wasm-engine-bundle-"));
  assert.deepEqual(
    after.filter((name) => !before.includes(name)),
    [],
    "nothing is left behind",
  );
});

test("[S14.open] opening restores the log byte for byte; bundling the result gives the same file", async () => {
  const dir = join(folder, "opened");
  const opened = await openBundle(file, { dir });
  assert.deepEqual([opened.dir, opened.digest, opened.chainHead], [dir, report.digest, result.chainHead]);
  for (const name of readdirSync(join(result.dir, "log")))
    assert.deepEqual(readFileSync(join(dir, "log", name)), readFileSync(join(result.dir, "log", name)), name);
  for (const name of ["synced", ...readdirSync(join(result.dir, "modules")).map((name) => `modules/${name}`)])
    assert.deepEqual(readFileSync(join(dir, name)), readFileSync(join(result.dir, name)), name);
  assert.equal((await replayRun(dir, inline)).chainHead, result.chainHead);
  const again = await bundleRun(dir, { out: join(folder, "again.bundle") });
  assert.deepEqual([again.digest, again.sha256], [report.digest, report.sha256]);
  const records = RunFolder.open(dir, nodeHasher).sideRecords();
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ["opened", "closed"],
  );
});

test("[S14.bundle] bundling twice gives the same file; no path of this machine is in it", async () => {
  const again = await bundleRun(result.dir, { out: join(folder, "twice.bundle") });
  assert.deepEqual(readFileSync(again.path), readFileSync(file));
  for (const { name, bytes } of [...content().parts, ...content().log]) {
    const text = Buffer.from(bytes);
    assert.ok(!text.includes(folder) && !text.includes(tmpdir()), name);
  }
  const info = JSON.parse(Buffer.from(content().parts[0]?.bytes ?? []).toString()) as {
    setup: { inputs: { path: string }[]; outputs: { path: string }[]; baseDirectory?: string };
  }; // our own file
  assert.deepEqual(info.setup.inputs[0]?.path, "records.jsonl");
  assert.equal(info.setup.outputs[0]?.path, "out.jsonl");
  assert.equal(info.setup.baseDirectory, undefined);
});

test("[S14.bundle] the log is stored by columns, a fraction of its size", () => {
  const { log } = content();
  const bytes = log.reduce((sum, part) => sum + part.bytes.length, 0);
  const empty = encodeBundle({ ...content(), log: [] }, "0").length;
  assert.ok(report.bytes - empty < bytes * 0.6, `${report.bytes - empty} of ${bytes}`);
});

test("[G10] [S14.open] every flipped byte and every shorter file is detected", () => {
  const whole = readFileSync(file);
  for (let offset = 0; offset < whole.length; offset += 1) {
    const read = (): unknown => readBundle(file, flipped(whole, offset));
    const code = offset >= 8 && offset < 12 ? "WE_BUNDLE_VERSION" : "WE_BUNDLE_DAMAGED";
    assert.throws(read, { code }, `byte ${offset}`);
  }
  for (let length = 0; length < whole.length; length += 7)
    assert.throws(() => readBundle(file, whole.subarray(0, length)), { code: "WE_BUNDLE_DAMAGED" });
  assert.throws(() => readBundle(file, Buffer.concat([whole, Uint8Array.of(0)])), {
    code: "WE_BUNDLE_DAMAGED",
  });
});

test("[G10] [S14.open] a flipped byte under a digest that fits again changes no part unseen", () => {
  const whole = readFileSync(file);
  const expected = content();
  let refused = 0;
  let tried = 0;
  for (let offset = 12; offset < whole.length - 32; offset += offset < 2500 ? 1 : 37) {
    tried += 1;
    try {
      const { content: read } = readBundle(file, resealed(flipped(whole, offset, 1 << (offset % 8))));
      assert.deepEqual([read.parts, read.log], [expected.parts, expected.log], `byte ${offset}`);
    } catch (error) {
      assert.ok(
        EngineError.is(error) && error.code.startsWith("WE_BUNDLE_"),
        `byte ${offset}: ${String(error)}`,
      );
      refused += 1;
    }
  }
  // Sixteen bytes of the header tell the release, and some bits of a compressed stream mean nothing.
  assert.ok(refused > tried * 0.95, `${refused} of ${tried}`);
});

test("[G10] files that are no bundles, of another format, in the way, or out of reach: coded", async () => {
  const whole = readFileSync(file);
  const other = join(folder, "other.bundle");
  const later = Uint8Array.from(whole);
  later[8] = 9;
  writeFileSync(other, later);
  await assert.rejects(openBundle(other, { dir: join(folder, "x") }), {
    code: "WE_BUNDLE_VERSION",
    exitCode: 4,
    message: /format 9, this release reads 1/,
    hint: /0\.1\.0/,
  });
  await assert.rejects(openBundle(join(folder, "project/records.jsonl")), {
    code: "WE_BUNDLE_DAMAGED",
    exitCode: 3,
  });
  await assert.rejects(openBundle(join(folder, "nothing")), { code: "WE_BUNDLE_READ", exitCode: 4 });
  await assert.rejects(openBundle(file, { dir: result.dir }), { code: "WE_RUN_EXISTS", exitCode: 2 });
  await assert.rejects(openBundle(file, { dir: join(file, "run") }), {
    code: "WE_BUNDLE_UNWRITABLE",
    exitCode: 4,
  });
  await assert.rejects(bundleRun(result.dir, { out: file }), { code: "WE_BUNDLE_EXISTS", exitCode: 2 });
  const nowhere = join(file, "no/folder/x.bundle");
  await assert.rejects(bundleRun(result.dir, { out: nowhere }), {
    code: "WE_BUNDLE_UNWRITABLE",
    exitCode: 4,
  });
  const made = await bundleRun(result.dir, { out: join(folder, "new/golden/x.bundle") });
  assert.equal(made.sha256, report.sha256, "folders on the way are made");
  const unopened = { code: "WE_BUNDLE_NOT_OPENED", exitCode: 2, hint: /wasm-engine open / };
  await assert.rejects(Engine.open(file, { resume: true, ...inline }), unopened);
  await assert.rejects(bundleRun(file, { out: join(folder, "y.bundle") }), unopened);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("[G10] [S14.open] sizes that a file claims are checked before anything is unpacked", () => {
  const whole = readFileSync(file);
  const claimed = (name: string, bytes: Uint8Array): Uint8Array => {
    const at = whole.indexOf(Buffer.from(name, "latin1")) + name.length;
    assert.ok(at > 32);
    return Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + bytes.length)]);
  };
  const table = new Uint8Array(4).fill(0x7f);
  const largeTable = Buffer.concat([whole.subarray(0, 12), table, whole.subarray(16)]);
  assert.throws(() => readBundle(file, resealed(largeTable)), { code: "WE_BUNDLE_SIZE", exitCode: 5 });
  const bomb = claimed("jplainBytes", Uint8Array.of(0x19, 0x00));
  assert.throws(() => readBundle(file, resealed(bomb)), { code: "WE_BUNDLE_DAMAGED" });
  assert.throws(() => readBundle(file, withTable({ bytes: 2 ** 31 })), {
    code: "WE_BUNDLE_SIZE",
    exitCode: 5,
  });
});

/** The sample with the size of its first part changed in the table. */
function withTable({ bytes }: { readonly bytes: number }): Uint8Array {
  const whole = readFileSync(file);
  const tableBytes = whole.readUInt32LE(12);
  const table = whole.subarray(32, 32 + tableBytes);
  const at = table.indexOf(Buffer.from("ebytes", "latin1")) + 6;
  const head = table[at] === 0x19 ? 3 : table[at] === 0x1a ? 5 : 2;
  const number = Buffer.alloc(5);
  number[0] = 0x1a;
  number.writeUInt32BE(bytes, 1);
  const changed = Buffer.concat([table.subarray(0, at), number, table.subarray(at + head)]);
  const header = Buffer.from(whole.subarray(0, 32));
  header.writeUInt32LE(changed.length, 12);
  return resealed(Buffer.concat([header, changed, whole.subarray(32 + tableBytes)]));
}

type Change = (content: BundleContent) => BundleContent;
const renamed =
  (from: RegExp, to: string): Change =>
  (whole) => ({
    ...whole,
    parts: whole.parts.map((part) => (from.test(part.name) ? { ...part, name: to } : part)),
  });
const edited =
  (change: (text: string) => string, name = "run.json"): Change =>
  (whole) => ({
    ...whole,
    parts: whole.parts.map((part) =>
      part.name === name ? { name, bytes: Buffer.from(change(Buffer.from(part.bytes).toString())) } : part,
    ),
  });
const tricks: Readonly<Record<string, Change>> = {
  "a part outside": renamed(/^modules/, "../evil"),
  "an absolute part": renamed(/^modules/, "/etc/evil"),
  "a part of another name": renamed(/^modules/, "modules/evil.wasm"),
  "a part twice": (whole) => ({ ...whole, parts: [...whole.parts, ...whole.parts.slice(-1)] }),
  "no run.json": renamed(/^run\.json/, `modules/${"0".repeat(64)}.wasm`),
  "a run.json that is not JSON": edited(() => "{"),
  "a run.json without setup": edited((text) => text.replace('"setup"', '"set"')),
  "an output outside": edited((text) => text.replace('"out.jsonl"', '"../../out.jsonl"')),
  "an absolute input": edited((text) => text.replace('"records.jsonl"', '"/etc/passwd"')),
  "an input behind a backslash": edited((text) => text.replace('"records.jsonl"', '"..\\\\x"')),
  "an input of no form": edited((text) => text.replace('"inputs": [', '"inputs": 7, "was": [')),
  "a module outside": edited((text) =>
    text.replace(/"instrumented": "[0-9a-f]{64}"/, '"instrumented": "../../x"'),
  ),
  "a module that is not there": edited((text) => text.replace(/("digest": ")../, "$1ff")),
  "another run's id": edited((text) => text.replace(/"runId": "[^"]*"/, '"runId": "other"')),
  "a run id that is a path": edited((text) => text.replace(/"runId": "[^"]*"/, '"runId": "../x"')),
  "side records of no form": edited(() => '{"kind":1}\n', "side.jsonl"),
  "a side record that is not JSON": edited(() => "x\n", "side.jsonl"),
  "a changed module": (whole) => ({
    ...whole,
    parts: whole.parts.map((part) =>
      part.name.startsWith("modules/")
        ? { ...part, bytes: Buffer.concat([part.bytes, Uint8Array.of(0)]) }
        : part,
    ),
  }),
  "a log cut in a record": (whole) => ({
    ...whole,
    log: whole.log.map((part) => ({ ...part, bytes: part.bytes.subarray(0, part.bytes.length - 100) })),
  }),
  "a segment of another name": (whole) => ({
    ...whole,
    log: whole.log.map((part) => ({ ...part, name: "log/1.seg" })),
  }),
  "no log": (whole) => ({ ...whole, log: [] }),
  "another chain head": (whole) => ({ ...whole, facts: { ...whole.facts, chainHead: new Uint8Array(32) } }),
  "another tick": (whole) => ({ ...whole, facts: { ...whole.facts, ticks: whole.facts.ticks + 1 } }),
};
for (const [what, change] of Object.entries(tricks)) {
  test(`[G10] [S14.open] a well-sealed bundle with ${what} is refused, and nothing is written`, async () => {
    const parent = mkdtempSync(join(folder, "trick-"));
    const path = join(parent, "trick.bundle");
    writeFileSync(path, encodeBundle(change(content()), "0.1.0"));
    const dir = join(parent, "run");
    await assert.rejects(openBundle(path, { dir }), { code: "WE_BUNDLE_DAMAGED", exitCode: 3 });
    assert.deepEqual(readdirSync(parent), ["trick.bundle"]);
  });
}

/** A run folder around a made-up log of several segments, perhaps as a crash leaves it. */
function scriptedRun(
  name: string,
  options: { readonly ticks: number; readonly end: "closed" | "open" | "torn" },
): string {
  const dir = join(folder, name);
  const { inputs, outputs, stop, durability, ticksAheadMax, baseDirectory } = sample;
  const setup = { inputs, outputs, stop, durability, ticksAheadMax, baseDirectory };
  const info = newRunInfo(name, { genesis: scriptGenesis, setup, modules: [] });
  const run = RunFolder.create(dir, info as unknown as Json, nodeHasher); // plain data by contract
  const log = createEventLog(run.log, scriptGenesis, {
    durability: "sync",
    threaded: false,
    segmentBytes: 600,
  });
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick < options.ticks; tick += 1)
    for (const entry of script.tick(tick)) log.append(entry);
  const [pending] = script.tick(options.ticks, 1);
  if (options.end !== "closed" && pending !== undefined) log.append(pending);
  log.waitForSync();
  if (options.end === "closed") log.close(options.ticks + 5);
  const last = readdirSync(join(dir, "log")).at(-1) ?? "";
  if (options.end === "torn") writeFileSync(join(dir, "log", last), "torn", { flag: "a" });
  return dir;
}

for (const end of ["closed", "open", "torn"] as const) {
  test(`[S14.bundle] a log of several segments that ended ${end} comes back as it was acknowledged`, async () => {
    const dir = scriptedRun(`script-${end}`, { ticks: 40, end });
    const names = readdirSync(join(dir, "log"));
    assert.ok(names.length > 5);
    const written = await bundleRun(dir, { out: join(folder, `${end}.bundle`) });
    const opened = await openBundle(written.path, { dir: join(folder, `${end}-opened`) });
    for (const name of names) {
      const ours = readFileSync(join(dir, "log", name));
      const isTorn = end === "torn" && name === names.at(-1);
      const expected = isTorn ? ours.subarray(0, ours.length - 4) : ours;
      assert.deepEqual(readFileSync(join(opened.dir, "log", name)), expected, name);
    }
    const [before, after] = await Promise.all([verifyLogOfRun(dir), verifyLogOfRun(opened.dir)]);
    assert.deepEqual([after.ok, after.records, after.closed], [true, before.records, end === "closed"]);
    assert.equal(after.torn, undefined);
  });
}

test("[G10] [S14.bundle] a damaged log, a missing module and a run that never started are not bundled", async () => {
  const out = join(folder, "never.bundle");
  const dir = scriptedRun("damaged", { ticks: 9, end: "closed" });
  const segment = join(dir, "log", readdirSync(join(dir, "log"))[1] ?? "");
  writeFileSync(segment, flipped(readFileSync(segment), 200));
  await assert.rejects(bundleRun(dir, { out }), { code: "WE_LOG_DAMAGED", exitCode: 3 });
  const bare = scriptedRun("bare", { ticks: 1, end: "closed" });
  rmSync(join(bare, "log"), { recursive: true });
  rmSync(join(bare, "synced"));
  await assert.rejects(bundleRun(bare, { out }), { code: "WE_RUN_NEVER_STARTED" });
  const opened = await openBundle(file, { dir: join(folder, "incomplete") });
  const [module = ""] = readdirSync(join(opened.dir, "modules"));
  rmSync(join(opened.dir, "modules", module));
  await assert.rejects(bundleRun(opened.dir, { out }), { code: "WE_MODULE_DIGEST_MISMATCH" });
  assert.equal(statSync(out, { throwIfNoEntry: false }), undefined);
});

test("[S14.open] a run id that cannot name a folder is replaced on the way", async () => {
  const dir = join(folder, "a run (of mine)");
  const sample = await sampleWorld({ directory: join(folder, "spaced"), records: 6, span: 3 });
  await using world = await Engine.open(sample, { ...inline, dir });
  await world.run();
  await world.close();
  const written = await bundleRun(dir, { out: join(folder, "spaced.bundle") });
  const base = join(folder, "base");
  const opened = await openBundle(written.path, { baseDirectory: base });
  assert.equal(opened.dir, join(base, ".wasm-engine/runs", "a_run__of_mine_"));
  assert.equal((await replayRun("a_run", { baseDirectory: base, ...inline })).verified, true);
});

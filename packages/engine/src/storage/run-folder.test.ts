import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ModuleDigest } from "@wasm-engine/abi";
import type { Snapshot } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { lockHolder } from "./run-lock.js";
import { RunFolder } from "./run-folder.js";

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-run-"));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  return join(folder, "run with spaces · ü");
}

test("[G10] a run folder keeps its information and is never overwritten", (context) => {
  const path = temporaryFolder(context);
  const folder = RunFolder.create(path, { runId: "r1" }, nodeHasher);
  assert.deepEqual(RunFolder.open(path, nodeHasher).readInfo(), { runId: "r1" });
  folder.writeInfo({ runId: "r1", ended: true });
  assert.deepEqual(folder.readInfo(), { runId: "r1", ended: true });
  assert.throws(() => RunFolder.create(path, {}, nodeHasher), { code: "WE_RUN_EXISTS", exitCode: 2 });
  assert.throws(() => RunFolder.open(join(path, "nowhere"), nodeHasher), { code: "WE_RUN_NOT_FOUND" });
  writeFileSync(join(path, "run.json"), "{");
  assert.throws(() => folder.readInfo(), { code: "WE_RUN_FILE_DAMAGED" });
  writeFileSync(join(path, "file"), "");
  assert.throws(() => RunFolder.create(join(path, "file", "run"), {}, nodeHasher), {
    code: "WE_RUN_UNWRITABLE",
  });
});

test("[G10] modules are stored under their digest", (context) => {
  const folder = RunFolder.create(temporaryFolder(context), {}, nodeHasher);
  const digest = "ab".repeat(32) as ModuleDigest;
  assert.equal(folder.readModule(digest), undefined);
  folder.writeModule(digest, new Uint8Array([1, 2]));
  folder.writeModule(digest, new Uint8Array([3]));
  assert.deepEqual(folder.readModule(digest), new Uint8Array([1, 2]), "what is there stays");
});

test("[G10] a second opener is refused; a lock of a dead or recycled process is taken over", (context) => {
  const folder = RunFolder.create(temporaryFolder(context), {}, nodeHasher);
  const lock = folder.lock();
  assert.equal(lockHolder(folder.lockPath), process.pid);
  assert.throws(() => folder.lock(), {
    code: "WE_RUN_LOCKED",
    exitCode: 4,
    message: new RegExp(String(process.pid)),
  });
  lock.release();
  lock.release();
  assert.equal(existsSync(folder.lockPath), false);
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const staleContents = [
    JSON.stringify({ pid: dead, started: "1" }),
    JSON.stringify({ pid: process.pid, started: "another start" }),
    "",
    "{torn",
  ];
  for (const content of staleContents) {
    writeFileSync(folder.lockPath, content);
    assert.equal(lockHolder(folder.lockPath), undefined, content);
    const taken = folder.lock();
    assert.equal(lockHolder(folder.lockPath), process.pid);
    taken.release();
  }
});

test("[G10] another process is refused while the lock is held", (context) => {
  const folder = RunFolder.create(temporaryFolder(context), {}, nodeHasher);
  const lock = folder.lock();
  const module = new URL("./run-lock.js", import.meta.url).href;
  const script = `import { RunLock } from ${JSON.stringify(module)};
    try { RunLock.acquire(process.argv[1]); } catch (error) { process.stdout.write(error.code); }`;
  const other = (): string =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script, folder.lockPath], { encoding: "utf8" })
      .stdout;
  assert.equal(other(), "WE_RUN_LOCKED");
  lock.release();
  assert.equal(other(), "");
});

test("[G10] side records are chained: changed, missing, swapped lines are found, torn ones cut", (context) => {
  const folder = RunFolder.create(temporaryFolder(context), {}, nodeHasher);
  const first = folder.openSideRecords();
  for (let n = 0; n < 4; n += 1) first.append("started", { n, node: "v20", text: "ü\u2028" });
  first.close();
  assert.throws(() => first.append("late", null), { code: "WE_LOG_CLOSED" });
  const text = readFileSync(folder.sidePath, "utf8");
  const lines = text.split("\n").slice(0, -1);
  const broken = [
    text.replace('"n":2,"node":"v20"', '"n":2,"node":"v99"'),
    [lines[0], lines[2], lines[3], ""].join("\n"),
    [lines[0], lines[2], lines[1], lines[3], ""].join("\n"),
    [lines[0], "{}", ""].join("\n"),
    [lines[0], "not json", ""].join("\n"),
  ];
  for (const content of broken) {
    writeFileSync(folder.sidePath, content);
    assert.throws(() => folder.sideRecords(), { code: "WE_RUN_FILE_DAMAGED" });
    assert.throws(() => folder.openSideRecords(), { code: "WE_RUN_FILE_DAMAGED" });
  }
  writeFileSync(folder.sidePath, text);
  truncateSync(folder.sidePath, Buffer.byteLength(text) - 3);
  assert.equal(folder.sideRecords().length, 3);
  const again = folder.openSideRecords();
  again.append("resumed", null);
  again.close();
  assert.deepEqual(
    folder.sideRecords().map((record) => record.kind),
    ["started", "started", "started", "resumed"],
  );
});

function snapshotOf(tick: number, changes: Partial<Snapshot> = {}): Snapshot {
  const digest = new Uint8Array(32).fill(1);
  const fields = {
    tick,
    inputSeq: 0,
    logRecords: tick + 2,
    positions: [],
    world: new Uint8Array([1]),
    images: [],
  };
  return { genesisDigest: digest, chainHead: digest, ...fields, ...changes };
}

test("[G4] the newest snapshot that is whole, of this run and covered by the log is taken", (context) => {
  const folder = RunFolder.create(temporaryFolder(context), {}, nodeHasher);
  const store = folder.snapshots;
  const fit = { genesisDigest: new Uint8Array(32).fill(1), records: 100 };
  assert.equal(store.newest(fit).snapshot, undefined);
  const names = [-1, 5, 10, 15].map((tick) => store.saveWhole(snapshotOf(tick)));
  store.saveWhole(snapshotOf(20, { genesisDigest: new Uint8Array(32) }));
  store.saveWhole(snapshotOf(25, { logRecords: 101 }));
  const found = store.newest(fit);
  assert.equal(found.snapshot?.tick, 15);
  assert.equal(found.notes.length, 2);
  assert.equal(store.newest({ ...fit, tickMax: 9 }).snapshot?.tick, 5);
  const path = join(folder.path, "snapshots", names[3] ?? "");
  const bytes = readFileSync(path);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const older = store.newest(fit);
  assert.equal(older.snapshot?.tick, 10);
  assert.match(older.notes.join("\n"), /digest/);
  store.prune(2);
  assert.deepEqual(store.ticks(), [-1, 25], "the first and the last stay");
});

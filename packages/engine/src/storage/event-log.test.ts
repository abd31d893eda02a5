import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { beginLog } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { FaultFileSystem } from "../testing/fault-file-system.js";
import { LogScript, entryName, scriptGenesis } from "../testing/log-script.js";
import { createEventLog, openEventLog, type OpenLogOptions } from "./event-log.js";
import { recoverLog, verifyRunLog, type LogPlace } from "./event-log-reader.js";
import { nodeFileSystem } from "./file-system.js";
import { logRingBytes } from "./limits.js";
import { LogRing } from "./log-ring.js";
import { LogWriterLoop, type StepOutcome } from "./log-writer-loop.js";
import { SegmentWriter } from "./segment-writer.js";
import { ThreadedEventLog } from "./threaded-event-log.js";

const inline: OpenLogOptions = { durability: "sync", threaded: false };

function memoryPlace(
  system: FaultFileSystem = new FaultFileSystem(),
): LogPlace & { readonly system: FaultFileSystem } {
  system.makeFolder("/run");
  return { system, hasher: nodeHasher, runFolder: "/run", logFolder: "/run/log", markPath: "/run/synced" };
}

function diskPlace(): LogPlace {
  const runFolder = mkdtempSync(join(tmpdir(), "wasm-engine-log-"));
  return {
    system: nodeFileSystem,
    hasher: nodeHasher,
    runFolder,
    logFolder: join(runFolder, "log"),
    markPath: join(runFolder, "synced"),
  };
}

/** A short log of `ticks` ticks; closed unless told otherwise. */
function writeLog(place: LogPlace, ticks: number, options: OpenLogOptions = inline, isClosed = true): void {
  const log = createEventLog(place, scriptGenesis, options);
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick < ticks; tick += 1) for (const entry of script.tick(tick)) log.append(entry);
  log.waitForSync();
  if (isClosed) log.close();
}

test("[G3] [G10] every flipped byte of what was synced stops recovery with exit code 3, closed or not", () => {
  for (const isClosed of [true, false]) {
    const place = memoryPlace();
    writeLog(place, 5, { ...inline, segmentBytes: 500 }, isClosed);
    const names = place.system.list("/run/log") ?? [];
    assert.ok(names.length > 1);
    for (const name of names) {
      const path = `/run/log/${name}`;
      const size = place.system.read(path)?.length ?? 0;
      for (let offset = 0; offset < size; offset += 1) {
        place.system.flip(path, offset, 0x40);
        assert.throws(() => recoverLog(place), {
          code: "WE_LOG_DAMAGED",
          exitCode: 3,
          message: /record \d+ \(segment/,
        });
        place.system.flip(path, offset, 0x40);
      }
    }
    assert.equal(recoverLog(place).closed, isClosed);
    place.system.flip("/run/synced", 9, 0x40);
    assert.equal(verifyRunLog(place).ok, true, "a lost mark makes recovery less strict, not impossible");
  }
});

test("[G3] missing segments and a truncated synced log are damage", () => {
  const place = memoryPlace();
  writeLog(place, 8, { ...inline, segmentBytes: 500 });
  const names = place.system.list("/run/log") ?? [];
  for (const name of names) {
    const other = memoryPlace();
    writeLog(other, 8, { ...inline, segmentBytes: 500 });
    other.system.remove(`/run/log/${name}`);
    assert.throws(() => recoverLog(other), { code: "WE_LOG_DAMAGED" }, name);
  }
  const path = `/run/log/${names.at(-1) ?? ""}`;
  const file = place.system.open(path);
  for (let length = (place.system.read(path)?.length ?? 0) - 1; length >= 0; length -= 1) {
    place.system.truncate(file, length);
    assert.throws(() => recoverLog(place), { code: "WE_LOG_DAMAGED" }, `cut at ${length}`);
  }
});

test("[G3] a torn tail of any length is cut from the file before the run goes on", () => {
  for (let garbage = 1; garbage < 400; garbage += 7) {
    const place = memoryPlace();
    writeLog(place, 3, inline, false);
    const path = "/run/log/0000000000.seg";
    const size = place.system.read(path)?.length ?? 0;
    place.system.write(place.system.open(path), new Uint8Array(garbage).fill(garbage), size);
    const before = recoverLog(place);
    assert.deepEqual(before.cut, {
      segment: "0000000000.seg",
      offset: size,
      record: before.records,
      bytes: garbage,
    });
    assert.equal(place.system.read(path)?.length, size + garbage, "reading changes nothing");
    const { log, recovered } = openEventLog(place, inline);
    assert.equal(recovered.records, before.records);
    assert.equal(place.system.read(path)?.length, size);
    log.close();
    assert.equal(verifyRunLog(place).closed, true);
  }
});

test("[G3] inputs that were logged before a crash come back without a commit", () => {
  const place = memoryPlace();
  const log = createEventLog(place, scriptGenesis, inline);
  const script = new LogScript(nodeHasher);
  for (const entry of script.tick(0)) log.append(entry);
  for (const entry of script.tick(1).slice(0, 2)) log.append(entry);
  log.waitForSync();
  assert.equal(log.durableSeq, 2);
  assert.equal(log.durableTick, 0);
  const ticks = [...recoverLog(place).ticks()];
  assert.deepEqual(
    ticks.map(({ tick, inputs, commit }) => [tick, inputs.length, commit !== undefined]),
    [
      [0, 0, true],
      [1, 2, false],
    ],
  );
  assert.deepEqual([...recoverLog(place).ticks(1)], []);
});

test("[G10] a log without a genesis on the disk is a run that never started", () => {
  const place = memoryPlace();
  place.system.makeFolder("/run/log");
  assert.throws(() => recoverLog(place), { code: "WE_RUN_NEVER_STARTED" });
  const { bytes } = beginLog(nodeHasher, scriptGenesis);
  const file = place.system.open("/run/log/0000000000.seg");
  place.system.write(file, bytes.subarray(0, 200), 0);
  assert.throws(() => recoverLog(place), { code: "WE_RUN_NEVER_STARTED" });
  assert.throws(() => createEventLog(place, scriptGenesis, inline), { code: "WE_RUN_EXISTS" });
});

test("[G10] a closed log takes nothing more", () => {
  const log = createEventLog(memoryPlace(), scriptGenesis, inline);
  log.close();
  log.close();
  const [entry] = new LogScript(nodeHasher).tick(0);
  assert.ok(entry);
  assert.throws(() => log.append(entry), { code: "WE_LOG_CLOSED" });
  assert.equal(log.condition, "closed");
});

/** The threaded log with a writer that this test steps, on a disk in memory. */
function stepped(
  system: FaultFileSystem,
  segmentBytes: number,
): { log: ThreadedEventLog; step: () => StepOutcome; place: LogPlace } {
  const place = memoryPlace(system);
  createEventLog(place, scriptGenesis, { ...inline, segmentBytes }).poll();
  const { encoder, genesisDigest } = beginLog(nodeHasher, scriptGenesis, segmentBytes);
  const { position } = encoder.state;
  const start = { ...place, genesisDigest, segment: 0, offset: position, position };
  let loop: LogWriterLoop | undefined;
  const log = new ThreadedEventLog(encoder, start, { durability: "sync" }, ({ buffer }) => {
    const writer = new SegmentWriter(system, start);
    loop = new LogWriterLoop(new LogRing(buffer), writer, {
      durability: "sync",
      periodMs: 0,
      nowMs: () => 0,
    });
  });
  return { log, place, step: () => loop?.step() ?? "ended" };
}

test("[G3] appending never waits: what the ring cannot hold waits in the heap and arrives in order", () => {
  const { log, step, place } = stepped(new FaultFileSystem(), 4 << 20);
  const script = new LogScript(nodeHasher, 200_000);
  const names: string[] = [];
  let bytes = 0;
  for (let tick = 0; bytes < 3 * logRingBytes; tick += 1) {
    for (const entry of script.tick(tick, 5)) {
      names.push(entryName(entry));
      log.append(entry);
    }
    bytes += 1_000_000;
  }
  assert.equal(log.durableRecords, 1, "nothing is acknowledged before the writer has run");
  assert.equal(log.ticksAhead, names.filter((name) => name.startsWith("commit")).length);
  for (let round = 0; log.durableRecords < log.records && round < 100; round += 1) {
    assert.notEqual(step(), "ended");
    log.poll();
  }
  assert.equal(log.durableRecords, log.records);
  assert.equal(log.ticksAhead, 0);
  const back = [...recoverLog(place).ticks()].flatMap(({ inputs, commit }) => [
    ...inputs.map((input) => `input ${input.seq}`),
    `commit ${commit?.tick}`,
  ]);
  assert.deepEqual(back, names);
  assert.ok((place.system.list("/run/log") ?? []).length > 3, "segments rotate");
});

test("[G3] the writer reports a full disk, keeps what waits and goes on when space returns", () => {
  const system = new FaultFileSystem();
  const { log, step, place } = stepped(system, 700);
  const script = new LogScript(nodeHasher);
  let isFull = true;
  system.writeBytesMax = 50;
  let writes = 0;
  system.fault = (call) =>
    (call === "write" || call === "open") && isFull && (writes += 1) > 5 ? "ENOSPC" : undefined;
  for (let tick = 0; tick < 20; tick += 1) for (const entry of script.tick(tick)) log.append(entry);
  assert.equal(step(), "full");
  assert.equal(step(), "full");
  log.poll();
  assert.equal(log.condition, "full");
  assert.equal(log.failure?.code, "WE_LOG_FULL");
  assert.throws(() => log.waitForSync(), { code: "WE_LOG_FULL" });
  isFull = false;
  assert.equal(step(), "worked");
  log.waitForSync();
  assert.equal(log.condition, "open");
  assert.equal(log.durableTick, 19);
  assert.equal(verifyRunLog(place).ticks, 20);
});

test("[G3] the writer stops at a failed sync and the loop learns of it", () => {
  const system = new FaultFileSystem();
  const { log, step } = stepped(system, 1 << 20);
  system.fault = (call) => (call === "sync" ? "EIO" : undefined);
  const script = new LogScript(nodeHasher);
  for (const entry of script.tick(0)) log.append(entry);
  assert.equal(step(), "ended");
  assert.throws(() => log.poll(), { code: "WE_LOG_FAILED", message: /EIO \(sync\)/ });
  assert.throws(() => log.waitForSync(), { code: "WE_LOG_FAILED" });
  assert.equal(log.durableTick, -1, "nothing is acknowledged");
  log.close();
  assert.equal(log.condition, "closed", "closing a failed log only lets it go");
});

test("[G3] positions beyond 2^32 are reported exactly", () => {
  const ring = LogRing.allocate(1024);
  let known = 2 ** 40 - 100;
  for (const step of [0, 99, 100, 5000, 2 ** 31, 2 ** 32 - 1]) {
    ring.report(known + step, known, 0);
    assert.equal(ring.widened("written", known), known + step);
    assert.equal(ring.widened("synced", known), known);
    known += step;
  }
});

for (const durability of ["sync", "periodic", "ephemeral"] as const) {
  test(`[G3] the writer thread stores a log that reads back, durability ${durability}`, () => {
    const place = diskPlace();
    try {
      const options = { durability, threaded: true, segmentBytes: 40_000, periodMs: 5 };
      const log = createEventLog(place, scriptGenesis, options);
      const script = new LogScript(nodeHasher);
      for (let tick = 0; tick < 500; tick += 1) {
        let last = 0;
        for (const entry of script.tick(tick)) last = log.append(entry);
        if (tick % 50 === 0) log.waitForSync(last);
      }
      log.waitForSync();
      assert.equal(log.durableTick, 499);
      log.close(600);
      const report = verifyRunLog(place);
      assert.deepEqual([report.ok, report.ticks, report.closed], [true, 601, true]);
      const { log: again, recovered } = openEventLog(place, options);
      assert.equal(recovered.tick, 499);
      for (let tick = 500; tick < 510; tick += 1) for (const entry of script.tick(tick)) again.append(entry);
      again.close();
      assert.equal(verifyRunLog(place).commits, 510);
      assert.ok(readdirSync(place.logFolder).length > 1);
    } finally {
      rmSync(place.runFolder, { recursive: true });
    }
  });
}

test("[G3] inline and threaded logs of the same history are the same bytes", () => {
  const places = [diskPlace(), diskPlace()] as const;
  try {
    places.forEach((place, index) => {
      const log = createEventLog(place, scriptGenesis, {
        durability: "sync",
        threaded: index === 1,
        segmentBytes: 2000,
      });
      const script = new LogScript(nodeHasher);
      for (let tick = 0; tick < 60; tick += 1) for (const entry of script.tick(tick)) log.append(entry);
      log.close();
    });
    const [left, right] = places;
    const names = readdirSync(left.logFolder);
    assert.deepEqual(readdirSync(right.logFolder), names);
    for (const name of names) {
      assert.deepEqual(readFileSync(join(left.logFolder, name)), readFileSync(join(right.logFolder, name)));
      assert.ok(statSync(join(left.logFolder, name)).size > 0);
    }
  } finally {
    for (const place of places) rmSync(place.runFolder, { recursive: true });
  }
});

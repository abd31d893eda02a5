import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeHasher } from "../crypto/node-crypto.js";
import { LogScript, scriptGenesis } from "../testing/log-script.js";
import type { EventLog } from "./contract.js";
import { createEventLog } from "./event-log.js";
import type { LogPlace } from "./event-log-reader.js";
import { nodeFileSystem } from "./file-system.js";
import { LogRing, WriterState } from "./log-ring.js";

/** A wake-up that has not come by then was lost; nothing in the test takes a thousandth of it. */
const lostAfterMs = 60_000;

function diskPlace(): LogPlace {
  const runFolder = mkdtempSync(join(tmpdir(), "wasm-engine-bell-"));
  return {
    system: nodeFileSystem,
    hasher: nodeHasher,
    runFolder,
    logFolder: join(runFolder, "log"),
    markPath: join(runFolder, "synced"),
  };
}

/** Sleeps on the bell alone, as an orchestrator does, until everything is durable. Returns how often. */
function sleepUntilDurable(log: EventLog, bell: Int32Array): number {
  for (let sleeps = 0; ; sleeps += 1) {
    const heard = Atomics.load(bell, 0);
    log.poll();
    if (log.durableRecords === log.records) return sleeps;
    assert.notEqual(Atomics.wait(bell, 0, heard, lostAfterMs), "timed-out", "a wake-up was lost");
  }
}

/** Busy for a time that another thread cannot foresee. */
function dawdle(turns: number): void {
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (let turn = 0; turn < turns; turn += 1) Atomics.add(word, 0, 1);
}

test("[G3] whoever sleeps on the bell of its log is woken by every sync, whatever pauses lie between", () => {
  const place = diskPlace();
  const seed = 20_011;
  try {
    const bell = new SharedArrayBuffer(4);
    const options = { durability: "sync", threaded: true, segmentBytes: 40_000, bell } as const;
    const log = createEventLog(place, scriptGenesis, options);
    const script = new LogScript(nodeHasher);
    let random = seed;
    const next = (below: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    let slept = 0;
    for (let tick = 0; tick < 600; tick += 1) {
      for (const entry of script.tick(tick)) {
        log.append(entry);
        if (next(3) === 0) log.poll();
        if (next(4) === 0) dawdle(next(20_000));
      }
      if (next(3) > 0) slept += sleepUntilDurable(log, new Int32Array(bell));
    }
    slept += sleepUntilDurable(log, new Int32Array(bell));
    assert.equal(log.durableTick, 599);
    assert.ok(slept > 0, `nothing was waited for, seed ${seed}`);
    log.close();
  } finally {
    rmSync(place.runFolder, { recursive: true });
  }
});

test("[G3] a report and the death of the writer ring the bell, which lies outside of the ring", () => {
  const bell = new SharedArrayBuffer(4);
  const rings = (): number => Atomics.load(new Int32Array(bell), 0);
  const { buffer } = LogRing.allocate(1024);
  const consumer = new LogRing(buffer, bell);
  consumer.report(1, 1, WriterState.OPEN);
  assert.equal(rings(), 1);
  consumer.fail("the disk is gone");
  assert.equal(rings(), 2);
  new LogRing(buffer).report(1, 1, WriterState.OPEN);
  assert.equal(rings(), 2);
});

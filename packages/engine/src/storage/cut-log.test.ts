import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, segmentName } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { FaultFileSystem, seededRandom } from "../testing/fault-file-system.js";
import { LogScript, scriptGenesis } from "../testing/log-script.js";
import { cutLog, removeLeftSegments, storeCut } from "./cut-log.js";
import { createEventLog, openEventLog } from "./event-log.js";
import { recoverLog, repairLog, verifyRunLog, type LogPlace } from "./event-log-reader.js";

const ticks = 14;
const options = { durability: "sync", segmentBytes: 700, threaded: false } as const;

function placeOn(system: FaultFileSystem): LogPlace {
  system.makeFolder("/run");
  return { system, hasher: nodeHasher, runFolder: "/run", logFolder: "/run/log", markPath: "/run/synced" };
}

/** A log whose last inputs wait for a tick that is not committed; closed or as a crash leaves it. */
function written(isClosed: boolean, segmentBytes: number = options.segmentBytes): FaultFileSystem {
  const system = new FaultFileSystem();
  const log = createEventLog(placeOn(system), scriptGenesis, { ...options, segmentBytes });
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick < ticks; tick += 1) for (const entry of script.tick(tick)) log.append(entry);
  for (const entry of script.tick(ticks, 2).slice(0, 2)) log.append(entry);
  log.waitForSync();
  if (isClosed) log.close();
  return system;
}

function entriesAfter(place: LogPlace, tick: number): unknown {
  return [...recoverLog(place).ticks(tick)];
}

function cutAndStore(place: LogPlace, tick: number): void {
  const { verdict } = repairLog(place);
  const cut = cutLog(place, tick);
  assert.ok(cut !== undefined);
  storeCut(place, cut, verdict.state.position);
}

test("[G4] a log that is cut at any tick keeps every later record, its positions and its chain [S14.compact]", () => {
  for (const segmentBytes of [300, 700, 1 << 20]) {
    for (let tick = 1; tick < ticks; tick += 1) {
      const place = placeOn(written(tick % 2 === 0, segmentBytes));
      const before = recoverLog(place);
      const later = entriesAfter(place, tick);
      cutAndStore(place, tick);
      const after = recoverLog(place);
      assert.equal(after.base?.tick, tick);
      assert.deepEqual(entriesAfter(place, tick), later);
      assert.deepEqual(
        [after.records, after.lastSeq, after.closed],
        [before.records, before.lastSeq, before.closed],
      );
      assert.ok(equalBytes(after.chainHead, before.chainHead));
      assert.equal(verifyRunLog(place).firstTick, tick + 1);
      assert.throws(() => after.ticks(tick - 1), { code: "WE_RUN_COMPACTED", exitCode: 2 });
      assert.equal(cutLog(place, tick), undefined, "there is nothing more to give up");
      if (tick + 2 < ticks) cutAndStore(place, tick + 2);
      assert.equal(verifyRunLog(place).ok, true);
    }
  }
});

test("[G3] a cut log is gone on with: inputs that waited before the cut are there, once", () => {
  const place = placeOn(written(false));
  cutAndStore(place, ticks - 1);
  const { log, recovered } = openEventLog(place, options);
  const [waiting] = [...recovered.ticks(ticks - 1)];
  assert.deepEqual([waiting?.tick, waiting?.inputs.length, waiting?.commit], [ticks, 2, undefined]);
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick < ticks; tick += 1) script.tick(tick);
  const commit = script.tick(ticks, 2).at(-1);
  assert.ok(commit !== undefined);
  log.append(commit);
  for (const entry of script.tick(ticks + 1)) log.append(entry);
  log.close();
  assert.ok(equalBytes(recoverLog(place).chainHead, script.chainHead));
});

test("[G3] power cut at every call of a cut: the log opens, whole or cut, and loses nothing that is kept", () => {
  const tick = 9;
  const whole = written(false);
  const later = entriesAfter(placeOn(whole), tick);
  const callsBefore = whole.calls;
  cutAndStore(placeOn(whole), tick);
  const calls = whole.calls - callsBefore;
  assert.ok(calls > 8, `${calls} calls`);
  for (let cutAt = 1; cutAt <= calls; cutAt += 1) {
    for (let seed = 1; seed <= 6; seed += 1) {
      const label = `cut at ${cutAt}, seed ${seed}`;
      const system = written(false);
      system.cutAt = system.calls + cutAt;
      assert.throws(() => cutAndStore(placeOn(system), tick), label);
      const place = placeOn(system.afterCut(seededRandom(cutAt * 100 + seed)));
      const { log } = repairLog(place);
      assert.ok(log.base === undefined || log.base.tick === tick, label);
      assert.deepEqual(entriesAfter(place, tick), later, label);
      assert.equal(verifyRunLog(place).ok, true, label);
      if (log.base === undefined) cutAndStore(place, tick);
      removeLeftSegments(place);
      assert.deepEqual(entriesAfter(place, tick), later, label);
      assert.ok(
        (place.system.list("/run/log") ?? []).every((name) => !name.endsWith(".tmp")),
        label,
      );
    }
  }
});

test("[G10] every flipped byte of a cut log is found, at the beginning too", () => {
  const system = written(true);
  const place = placeOn(system);
  cutAndStore(place, 9);
  for (const name of system.list("/run/log") ?? []) {
    const path = `/run/log/${name}`;
    const bytes = system.read(path) ?? new Uint8Array();
    for (let offset = 0; offset < bytes.length; offset += 1) {
      const damaged = bytes.slice();
      damaged[offset] = (bytes[offset] ?? 0) ^ 0x04;
      overwrite(system, path, damaged);
      const report = verifyRunLog(place);
      assert.equal(report.ok, false, `${name} offset ${offset}`);
      assert.ok((report.damagedAt?.offset ?? Infinity) <= offset, `${name} offset ${offset} is located`);
    }
    overwrite(system, path, bytes);
  }
  assert.equal(verifyRunLog(place).ok, true);
  system.remove(`/run/log/${segmentName(Number((system.list("/run/log") ?? [""])[0]?.slice(0, 10)))}`);
  assert.match(verifyRunLog(place).damagedAt?.reason ?? "", /missing/);
});

function overwrite(system: FaultFileSystem, path: string, bytes: Uint8Array): void {
  const file = system.open(path);
  system.write(file, bytes, 0);
  system.close(file);
}

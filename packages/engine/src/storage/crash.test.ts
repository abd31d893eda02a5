import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { FaultFileSystem, seededRandom } from "../testing/fault-file-system.js";
import { LogScript, entryName, scriptGenesis } from "../testing/log-script.js";
import type { EventLog, LogDurability, RecoveredLog } from "./contract.js";
import { createEventLog, openEventLog } from "./event-log.js";
import { recoverLog, verifyRunLog, type LogPlace } from "./event-log-reader.js";
import { SnapshotStore } from "./snapshot-store.js";

const segmentBytes = 700;
const ticksMax = 12;

function placeOn(system: FaultFileSystem): LogPlace {
  system.makeFolder("/run");
  return { system, hasher: nodeHasher, runFolder: "/run", logFolder: "/run/log", markPath: "/run/synced" };
}

/** What a session knows when the power goes off. */
interface Witness {
  appended: string[];
  /** Entries acknowledged, as a prefix of `appended`. */
  acknowledged: number;
  /** Tick of the last snapshot whose `save` returned. */
  snapshotTick: number | undefined;
  isStarted: boolean;
}

function newWitness(): Witness {
  return { appended: [], acknowledged: 0, snapshotTick: undefined, isStarted: false };
}

/** Runs ticks `from` … `ticksMax` - 1, acknowledges after every poll, takes a snapshot in the middle, closes. */
function play(log: EventLog, place: LogPlace, script: LogScript, witness: Witness, from: number): void {
  const base = log.records - witness.appended.length;
  for (let tick = from; tick < ticksMax; tick += 1) {
    for (const entry of script.tick(tick)) {
      witness.appended.push(entryName(entry));
      log.append(entry);
    }
    log.poll();
    witness.acknowledged = Math.max(witness.acknowledged, log.durableRecords - base);
    if (tick === 5) {
      log.waitForSync();
      saveSnapshot(place, log.records, tick);
      witness.snapshotTick = tick;
    }
  }
  log.close(ticksMax + 2);
}

function saveSnapshot(place: LogPlace, logRecords: number, tick: number): void {
  const digest = new Uint8Array(32);
  new SnapshotStore(place.system, nodeHasher, "/run").saveWhole({
    genesisDigest: digest,
    tick,
    chainHead: digest,
    inputSeq: 0,
    logRecords,
    positions: [],
    world: new Uint8Array(700).fill(tick),
    images: [],
  });
}

function session(system: FaultFileSystem, durability: LogDurability): Witness {
  const witness = newWitness();
  try {
    const place = placeOn(system);
    const log = createEventLog(place, scriptGenesis, {
      durability,
      segmentBytes,
      threaded: false,
      periodMs: 0,
    });
    witness.isStarted = true;
    play(log, place, new LogScript(nodeHasher), witness, 0);
  } catch (error) {
    if (!system.isCut) throw error;
  }
  return witness;
}

function entriesOf(recovered: RecoveredLog): string[] {
  return [...recovered.ticks()].flatMap(({ inputs, commit }) => [
    ...inputs.map((input) => `input ${input.seq}`),
    ...(commit === undefined ? [] : [`commit ${commit.tick}`]),
  ]);
}

/** Recovers, checks the oracle, and goes on to the end. */
function recoverAndGoOn(
  system: FaultFileSystem,
  witness: Witness,
  durability: LogDurability,
  label: string,
): void {
  const place = placeOn(system);
  let opened;
  try {
    opened = openEventLog(place, { durability, segmentBytes, threaded: false });
  } catch (error) {
    assert.ok(EngineError.is(error) && error.code === "WE_RUN_NEVER_STARTED", `${label}: ${String(error)}`);
    assert.equal(witness.isStarted, false, `${label}: a started run is found`);
    return;
  }
  const { log, recovered } = opened;
  const entries = entriesOf(recovered);
  assert.deepEqual(
    entries,
    witness.appended.slice(0, entries.length),
    `${label}: a prefix of what was appended`,
  );
  if (durability === "sync") {
    assert.ok(
      entries.length >= witness.acknowledged,
      `${label}: ${entries.length} of ${witness.acknowledged}`,
    );
  }
  checkSnapshot(place, recovered, witness, durability, label);
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick <= recovered.tick; tick += 1) script.tick(tick);
  assert.ok(equalBytes(script.chainHead, recovered.chainHead), label);
  goOn(log, script, recovered);
  const report = verifyRunLog(place);
  assert.equal(report.ok, true, `${label}: ${report.damagedAt?.reason}`);
  assert.equal(report.closed, true, label);
  assert.equal(report.ticks, ticksMax + 3, label);
}

function checkSnapshot(
  place: LogPlace,
  recovered: RecoveredLog,
  witness: Witness,
  durability: LogDurability,
  label: string,
): void {
  const store = new SnapshotStore(place.system, nodeHasher, "/run");
  const { snapshot } = store.newest({ genesisDigest: new Uint8Array(32), records: recovered.records });
  if (durability === "sync" && witness.snapshotTick !== undefined) {
    assert.equal(snapshot?.tick, witness.snapshotTick, `${label}: a stored snapshot is found`);
  }
  if (snapshot !== undefined)
    assert.ok(snapshot.tick <= recovered.tick, `${label}: never newer than the log`);
}

function goOn(log: EventLog, script: LogScript, recovered: RecoveredLog): void {
  const waiting = [...recovered.ticks(recovered.tick)].flatMap((entry) => entry.inputs);
  for (let tick = recovered.tick + 1; tick < ticksMax; tick += 1) {
    for (const entry of script.tick(tick)) {
      const isLogged = entry.kind === "input" && waiting.some((input) => input.seq === entry.input.seq);
      if (!isLogged) log.append(entry);
    }
    log.poll();
  }
  log.close(ticksMax + 2);
}

for (const durability of ["sync", "periodic", "ephemeral"] as const) {
  test(`[G3] power cut at every call of a short run, ${durability}: a prefix, nothing acknowledged lost`, () => {
    const whole = new FaultFileSystem();
    session(whole, durability);
    assert.ok(whole.calls > 30, `${whole.calls} calls`);
    for (let cutAt = 1; cutAt <= whole.calls; cutAt += 1) {
      for (let seed = 1; seed <= 4; seed += 1) {
        const label = `cut at ${cutAt}, seed ${seed}; repeat with node --test storage/crash.test.js`;
        const system = new FaultFileSystem();
        system.cutAt = cutAt;
        const witness = session(system, durability);
        const random = seededRandom(cutAt * 1000 + seed);
        recoverAndGoOn(system.afterCut(random), witness, durability, label);
      }
    }
  });
}

test("[G3] a second power cut during recovery harms nothing", () => {
  const whole = new FaultFileSystem();
  session(whole, "sync");
  for (let cutAt = 3; cutAt <= whole.calls; cutAt += 5) {
    for (let second = 1; second <= 8; second += 1) {
      const label = `cuts at ${cutAt} and ${second}`;
      const system = new FaultFileSystem();
      system.cutAt = cutAt;
      const witness = session(system, "sync");
      const random = seededRandom(cutAt * 100 + second);
      const again = system.afterCut(random);
      again.cutAt = second;
      try {
        openEventLog(placeOn(again), { durability: "sync", segmentBytes, threaded: false }).log.poll();
      } catch (error) {
        const isExpected = again.isCut || (EngineError.is(error) && error.code === "WE_RUN_NEVER_STARTED");
        assert.ok(isExpected, `${label}: ${String(error)}`);
      }
      recoverAndGoOn(again.afterCut(random), witness, "sync", label);
    }
  }
});

test("[G3] short writes and interrupted calls change nothing", () => {
  const system = new FaultFileSystem();
  system.writeBytesMax = 7;
  let count = 0;
  system.fault = (call) => (call === "write" && (count += 1) % 3 === 0 ? "EINTR" : undefined);
  session(system, "sync");
  const plain = new FaultFileSystem();
  session(plain, "sync");
  for (const name of plain.list("/run/log") ?? []) {
    assert.deepEqual(system.read(`/run/log/${name}`), plain.read(`/run/log/${name}`));
  }
});

test("[G3] [G10] a full disk is reported, loses nothing and goes on by itself when space returns", () => {
  for (const code of ["ENOSPC", "EDQUOT", "EMFILE"]) {
    for (let failing = 1; failing <= 40; failing += 3) {
      const system = new FaultFileSystem();
      const place = placeOn(system);
      const log = createEventLog(place, scriptGenesis, { durability: "sync", segmentBytes, threaded: false });
      system.writeBytesMax = 30;
      let writes = 0;
      let isFull = true;
      system.fault = (call) => {
        if (call !== "write" && call !== "open") return undefined;
        writes += 1;
        return isFull && writes >= failing ? code : undefined;
      };
      const script = new LogScript(nodeHasher);
      let sawFull = 0;
      for (let tick = 0; tick < ticksMax; tick += 1) {
        for (const entry of script.tick(tick)) log.append(entry);
        log.poll();
        if (log.condition !== "full") continue;
        sawFull += 1;
        assert.equal(log.failure?.code, "WE_LOG_FULL");
        assert.ok(log.durableRecords < log.records, "nothing is acknowledged that is not written");
        assert.throws(() => log.waitForSync(), { code: "WE_LOG_FULL" });
        assert.equal(recoverLog(place).genesis.name, "script", "the log stays readable");
        isFull = false;
        log.waitForSync();
        assert.equal(log.condition, "open");
      }
      log.close();
      assert.equal(sawFull, 1, `${code} from write ${failing} on`);
      assert.equal(verifyRunLog(place).ok, true);
      assert.equal(verifyRunLog(place).ticks, ticksMax);
    }
  }
});

test("[G3] a failed sync stops the log at once and is never repeated", () => {
  for (let failing = 1; failing <= 10; failing += 1) {
    const system = new FaultFileSystem();
    const place = placeOn(system);
    const log = createEventLog(place, scriptGenesis, { durability: "sync", segmentBytes, threaded: false });
    let syncs = 0;
    system.fault = (call) => (call === "sync" && (syncs += 1) === failing ? "EIO" : undefined);
    const script = new LogScript(nodeHasher);
    let acknowledged = 0;
    assert.throws(
      () => {
        for (let tick = 0; tick < ticksMax; tick += 1) {
          for (const entry of script.tick(tick)) log.append(entry);
          log.poll();
          acknowledged = log.durableRecords;
        }
      },
      { code: "WE_LOG_FAILED", exitCode: 4 },
    );
    assert.equal(log.condition, "failed");
    assert.throws(() => log.poll(), { code: "WE_LOG_FAILED" });
    assert.throws(() => log.waitForSync(), { code: "WE_LOG_FAILED" });
    for (const entry of script.tick(50)) assert.throws(() => log.append(entry), { code: "WE_LOG_FAILED" });
    log.close();
    assert.equal(syncs, failing, "no sync after the failed one");
    const after = system.afterCut(seededRandom(failing));
    assert.ok(recoverLog(placeOn(after)).records >= acknowledged);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { nodeHasher } from "../crypto/node-crypto.js";
import { FaultFileSystem } from "../testing/fault-file-system.js";
import { LogScript, scriptGenesis } from "../testing/log-script.js";
import type { RecoveredTick } from "./contract.js";
import { createEventLog } from "./event-log.js";
import { recoverLog, surveyLog, type LogPlace } from "./event-log-reader.js";
import { readPoints, seekLog } from "./log-seek.js";

const path = "/run/log/0000000000.seg";

type MemoryPlace = LogPlace & { readonly system: FaultFileSystem };

function written(ticks: number, options: { segmentBytes?: number; isClosed?: boolean } = {}): MemoryPlace {
  const { segmentBytes, isClosed = true } = options;
  const system = new FaultFileSystem();
  system.makeFolder("/run");
  const place = {
    system,
    hasher: nodeHasher,
    runFolder: "/run",
    logFolder: "/run/log",
    markPath: "/run/synced",
  };
  const log = createEventLog(place, scriptGenesis, {
    durability: "sync",
    threaded: false,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick < ticks; tick += 1) {
    for (const entry of script.tick(tick)) {
      if (isClosed || tick + 1 < ticks || entry.kind === "input") log.append(entry);
    }
  }
  log.waitForSync();
  if (isClosed) log.close();
  return place;
}

/** Everything but the function. */
function facts(place: LogPlace, read: (place: LogPlace) => ReturnType<typeof recoverLog>): object {
  const log = read(place);
  return { ...log, heads: log.heads(), ticks: [...log.ticks()] };
}

test("[G4] ticks are read from the nearest HEAD on, and are those of a log that was read as a whole", () => {
  for (const options of [{}, { segmentBytes: 40_000 }, { isClosed: false }]) {
    const place = written(2501, options);
    assert.deepEqual(facts(place, surveyLog), facts(place, recoverLog));
    const all = [...recoverLog(place).ticks()];
    const survey = surveyLog(place);
    for (const after of [0, 1, 511, 1022, 1023, 1024, 2047, 2048, 2400, 2498, 2499, 2500, 9999]) {
      const wanted = all.filter(({ tick }) => tick > after);
      assert.deepEqual([...survey.ticks(after)], wanted, `after ${after}`);
      assert.deepEqual([...recoverLog(place).ticks(after)], wanted, `after ${after}, checked`);
    }
  }
});

test("a part of a log is read without what comes before it", () => {
  const place = written(2500, { segmentBytes: 40_000 });
  const points = readPoints(place);
  assert.ok(points.length > 5);
  const { genesis, genesisDigest } = recoverLog(place);
  const sought = seekLog(place, { genesis, digest: genesisDigest }, { tick: 2400 });
  const first = sought?.records().next().value;
  const last = points.findLast(({ state }) => state.tick <= 2400);
  assert.equal(first?.record, last?.state.records);
  assert.ok((first?.record ?? 0) > 2000);
});

test("[G10] a log that a survey reads in parts is never misread where a byte is changed", () => {
  const place = written(30, { segmentBytes: 900 });
  const all = [...recoverLog(place).ticks()];
  const reads: readonly [string, () => readonly RecoveredTick[], (tick: number) => boolean][] = [
    ["from the begin", () => [...surveyLog(place).ticks()], () => true],
    ["from tick 20", () => [...surveyLog(place).ticks(20)], (tick) => tick > 20],
  ];
  let refused = 0;
  for (const name of place.system.list("/run/log") ?? []) {
    const file = `/run/log/${name}`;
    for (let offset = 0; offset < (place.system.length(file) ?? 0); offset += 1) {
      place.system.flip(file, offset, 0x04);
      for (const [what, read, wanted] of reads) {
        try {
          assert.deepEqual(
            read(),
            all.filter(({ tick }) => wanted(tick)),
            `${what}, ${name} byte ${offset}`,
          );
          assert.notEqual(what, "from the begin", `${name} byte ${offset} is found by who reads it`);
        } catch (error) {
          if (!EngineError.is(error)) throw error;
          assert.equal(error.code, "WE_LOG_DAMAGED");
          refused += 1;
        }
      }
      place.system.flip(file, offset, 0x04);
    }
  }
  assert.ok(refused > 3000, String(refused));
});

test("a survey of a torn log says what recovery would cut; one that lost synced bytes is damaged", () => {
  const place = written(1500, { isClosed: false });
  const size = place.system.length(path) ?? 0;
  const file = place.system.open(path);
  place.system.write(file, new Uint8Array(77).fill(9), size);
  assert.deepEqual(surveyLog(place).cut, recoverLog(place).cut);
  assert.deepEqual(facts(place, surveyLog), facts(place, recoverLog));
  place.system.truncate(file, size - 1);
  assert.throws(() => surveyLog(place), { code: "WE_LOG_DAMAGED" });
});

test("[G4] an input that waits over a HEAD is found again with its tick", () => {
  const place = written(0, { isClosed: false });
  const script = new LogScript(nodeHasher);
  const before = Array.from({ length: 1501 }, (_, tick) => script.tick(tick, 0)).flat();
  const late = script.tick(1501, 2);
  const log = createEventLog(
    { ...place, logFolder: "/run/other", markPath: "/run/other-synced" },
    scriptGenesis,
    {
      durability: "sync",
      threaded: false,
    },
  );
  for (const entry of late) if (entry.kind === "input") log.append(entry);
  for (const entry of before) log.append(entry);
  for (const entry of late) if (entry.kind === "commit") log.append(entry);
  log.close();
  const other = { ...place, logFolder: "/run/other", markPath: "/run/other-synced" };
  const found = [...surveyLog(other).ticks(1400)];
  assert.deepEqual(
    found.map(({ tick, inputs }) => [tick, inputs.length]).at(-1),
    [1501, 2],
    "the part from the HEAD of tick 1023 on does not read by itself",
  );
  assert.equal(found.length, 101);
});

/** A tail that begins in the middle of a log reads what one from the begin reads, and goes on while the log grows. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeHasher } from "../crypto/node-crypto.js";
import { createEventLog, recoverLog } from "../storage/index.js";
import { FaultFileSystem } from "../testing/fault-file-system.js";
import { LogScript, scriptGenesis } from "../testing/log-script.js";
import { LogTail } from "./log-tail.js";

test("a tail that begins at a tick reads the same commits, over segments and while they are written", () => {
  const system = new FaultFileSystem();
  system.makeFolder("/run");
  const hasher = nodeHasher;
  const place = { system, hasher, runFolder: "/run", logFolder: "/run/log", markPath: "/run/synced" };
  const options = { durability: "sync", threaded: false, segmentBytes: 4000 } as const;
  const log = createEventLog(place, scriptGenesis, options);
  const script = new LogScript(hasher);
  const write = (from: number, to: number): void => {
    for (let tick = from; tick < to; tick += 1) for (const entry of script.tick(tick)) log.append(entry);
    log.waitForSync();
  };
  write(0, 60);
  const { genesis, genesisDigest } = recoverLog(place);
  const whole = new LogTail(place);
  const starts = [0, 1, 17, 30, 58, 59].map((tick) => {
    return { tick, tail: new LogTail(place, { genesis, digest: genesisDigest, tick }) };
  });
  for (const end of [60, 90, 91]) {
    write(whole.tick + 1 > end ? end : Math.max(60, whole.tick + 1), end);
    const all = [...whole.read()];
    for (const { tick: start, tail } of starts) {
      const later = (entries: typeof all): typeof all => entries.filter(({ tick }) => tick > start);
      assert.deepEqual(later([...tail.read()]), later(all), `from ${start} to ${end}`);
      assert.equal(tail.tick, whole.tick);
    }
  }
  assert.ok((system.list("/run/log") ?? []).length > 3);
});

test("a tail that begins behind a damaged part names the damage where it reads it", () => {
  const system = new FaultFileSystem();
  system.makeFolder("/run");
  const place = {
    system,
    hasher: nodeHasher,
    runFolder: "/run",
    logFolder: "/run/log",
    markPath: "/run/synced",
  };
  const options = { durability: "sync", threaded: false, segmentBytes: 1000 } as const;
  const log = createEventLog(place, scriptGenesis, options);
  const script = new LogScript(nodeHasher);
  for (let tick = 0; tick < 60; tick += 1) for (const entry of script.tick(tick)) log.append(entry);
  log.close();
  const { genesis, genesisDigest } = recoverLog(place);
  const names = system.list("/run/log") ?? [];
  assert.ok(names.length > 6);
  system.flip(`/run/log/${names.at(-3) ?? ""}`, 300, 0x04);
  const tail = new LogTail(place, { genesis, digest: genesisDigest, tick: 8 });
  assert.throws(() => [...tail.read()], { code: "WE_LOG_DAMAGED" });
});

/** Every byte of the files beside the log, changed: found, or without meaning; never read as something else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import { readSnapshotPlace } from "@wasm-engine/core";
import type { Snapshot } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { FaultFileSystem } from "../testing/fault-file-system.js";
import { RunFolder } from "./run-folder.js";
import type { FoundSnapshot } from "./snapshot-store.js";

/** One bit that keeps letters letters, one that makes them others, one that leaves ASCII. */
const masks = [0x20, 0x01, 0x80];

/** Calls `look` with every byte of `path` changed, with every mask. */
function flips(system: FaultFileSystem, path: string, look: (where: string, offset: number) => void): void {
  const bytes = system.length(path) ?? 0;
  assert.ok(bytes > 100, `${path} has ${bytes} bytes`);
  for (let offset = 0; offset < bytes; offset += 1) {
    for (const mask of masks) {
      system.flip(path, offset, mask);
      look(`${path}, byte ${offset}, mask ${mask}`, offset);
      system.flip(path, offset, mask);
    }
  }
}

/** What was read, or undefined where the file was refused by name. */
function readUnlessDamaged<Value>(path: string, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(EngineError.is(error) && error.code === "WE_RUN_FILE_DAMAGED", String(error));
    assert.ok(error.message.includes(path), error.message);
    return undefined;
  }
}

const info = {
  format: 1,
  name: "flips",
  setup: { durability: "sync", ticksAheadMax: 64, outputs: [{ topic: "score", path: "/out/a.jsonl" }] },
  modules: [{ name: "a", digest: "0123456789abcdef" }],
};

test("[G10] every changed byte of a snapshot and of its pack is found and named; an older one is taken", () => {
  const system = new FaultFileSystem();
  const { snapshots } = RunFolder.create("/run", info, nodeHasher, system);
  const digest = new Uint8Array(32).fill(1);
  const page = new Uint8Array(4096).fill(3, 10, 90);
  for (const tick of [4, 9]) {
    page[0] = tick;
    const pages = { pages: [2], digests: nodeHasher.sha256(page), changed: [0], bytes: page.slice() };
    const image = { agent: 7 as AgentHandle, module: "ab".repeat(32) as ModuleDigest, ...pages }; // brands: test data
    snapshots.save({
      genesisDigest: digest,
      tick,
      chainHead: digest,
      inputSeq: 0,
      logRecords: 3,
      positions: [],
      world: new Uint8Array(50).fill(tick),
      images: [{ ...image, memoryBytes: 65_536, initialised: true, state: new Uint8Array(4) }],
    });
  }
  const newest = (): FoundSnapshot => snapshots.newest({ genesisDigest: digest, records: 3 });
  assert.deepEqual([newest().snapshot?.tick, newest().notes], [9, []]);
  const [, second = ""] = system.list("/run/snapshots") ?? [];
  const place = readSnapshotPlace(nodeHasher, system.read(`/run/snapshots/${second}`) ?? new Uint8Array());
  const pack = `${Buffer.from(place.packs[0] ?? "").toString("hex")}.pack`;
  for (const path of [`/run/snapshots/${second}`, `/run/pages/${pack}`]) {
    flips(system, path, (where) => {
      const { snapshot, notes } = newest();
      assert.equal(snapshot?.tick, 4, where);
      assert.ok(notes[0]?.includes(path.slice(path.lastIndexOf("/") + 1)), `${where}: ${notes.join()}`);
    });
  }
  assert.equal(newest().snapshot?.tick, 9);
});

test("[G10] every changed byte of run.json is found", () => {
  const system = new FaultFileSystem();
  const folder = RunFolder.create("/run", info, nodeHasher, system);
  assert.deepEqual(folder.readInfo(), info);
  let harmless = 0;
  flips(system, "/run/run.json", (where) => {
    const found = readUnlessDamaged("/run/run.json", () => folder.readInfo());
    if (found !== undefined) assert.deepEqual(found, info, where);
    if (found !== undefined) harmless += 1;
  });
  assert.equal(harmless, 0);
});

test("[G10] every changed byte of side.jsonl is found; a last line without its end counts as torn", () => {
  const system = new FaultFileSystem();
  const folder = RunFolder.create("/run", info, nodeHasher, system);
  const side = folder.openSideRecords();
  for (let n = 0; n < 3; n += 1) side.append("noted", { n, text: "some words" });
  side.close();
  const whole = folder.sideRecords();
  const last = (system.length(folder.sidePath) ?? 0) - 1;
  flips(system, folder.sidePath, (where, offset) => {
    const found = readUnlessDamaged(folder.sidePath, () => folder.sideRecords());
    assert.deepEqual(found, offset === last ? whole.slice(0, 2) : undefined, where);
  });
});

test("[G4] [G10] every changed byte of a snapshot's files makes it be passed over by name", () => {
  const system = new FaultFileSystem();
  const folder = RunFolder.create("/run", info, nodeHasher, system);
  const fit = { genesisDigest: new Uint8Array(32).fill(1), records: 100 };
  const snapshotOf = (tick: number): Snapshot => ({
    genesisDigest: fit.genesisDigest,
    chainHead: new Uint8Array(32).fill(tick),
    tick,
    inputSeq: 0,
    logRecords: tick + 2,
    positions: [{ name: "input 0", position: tick }],
    world: new Uint8Array(60).fill(tick),
    images: [],
  });
  const names = [4, 9].map((tick) => folder.snapshots.saveWhole(snapshotOf(tick)));
  const [, newest = ""] = names;
  flips(system, `/run/snapshots/${newest}`, (where) => {
    const { snapshot, notes } = folder.snapshots.newest(fit);
    assert.equal(snapshot?.tick, 4, where);
    assert.ok(notes[0]?.includes(newest), where);
  });
  assert.deepEqual(folder.snapshots.newest(fit).snapshot, snapshotOf(9));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError, type AgentHandle, type ModuleDigest } from "@wasm-engine/abi";
import type { Snapshot } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { FaultFileSystem, seededRandom, type Random } from "../testing/fault-file-system.js";
import { packsPerSnapshotMax, snapshotsAffordableMin } from "./limits.js";
import { keepSnapshot } from "./snapshot-keeper.js";
import type { DraftImage, SnapshotDraft } from "./snapshot-draft.js";
import { ticksToRemove } from "./snapshot-retention.js";
import { SnapshotStore } from "./snapshot-store.js";

const pageBytes = 4096;
const digest = new Uint8Array(32).fill(7);
const fit = { genesisDigest: digest, records: 1_000_000 };
const module = "ab".repeat(32) as ModuleDigest; // a digest's form

/** Memories that change a little with every snapshot, and what of them a snapshot holds. */
class Scene {
  readonly memories: Uint8Array[];
  readonly #random: Random;
  #given: Uint8Array[] = [];

  constructor(seed: number, agents = 3, pages = 16) {
    this.#random = seededRandom(seed);
    this.memories = Array.from({ length: agents }, () => new Uint8Array(pages * pageBytes));
    for (const memory of this.memories) memory.fill(1, pageBytes, 5 * pageBytes);
  }

  change(): void {
    for (const memory of this.memories) {
      const page = Math.floor((this.#random() * memory.length) / pageBytes);
      for (let at = 0; at < 100; at += 1) memory[page * pageBytes + at] = Math.floor(this.#random() * 256);
      if (this.#random() < 0.3) memory.fill(0, page * pageBytes, (page + 1) * pageBytes);
    }
  }

  draft(tick: number, all = false): SnapshotDraft {
    const images = this.memories.map((memory, index) =>
      draftOf(memory, index, all ? undefined : this.#given[index]),
    );
    this.#given = this.memories.map((memory) => memory.slice());
    const place = { genesisDigest: digest, chainHead: digest, inputSeq: 0, logRecords: tick, positions: [] };
    return { ...place, tick, world: new Uint8Array([tick % 256]), images };
  }
}

function draftOf(memory: Uint8Array, index: number, given: Uint8Array | undefined): DraftImage {
  const page = (of: Uint8Array, at: number): Uint8Array => of.subarray(at * pageBytes, (at + 1) * pageBytes);
  const pages = Array.from({ length: memory.length / pageBytes }, (_, at) => at).filter((at) =>
    page(memory, at).some((byte) => byte !== 0),
  );
  const isChanged = (at: number): boolean =>
    given === undefined || Buffer.compare(page(memory, at), page(given, at)) !== 0;
  const changed = pages.flatMap((at, position) => (isChanged(at) ? [position] : []));
  return {
    agent: (index + 1) as AgentHandle, // test data
    module,
    initialised: true,
    state: new Uint8Array([index]),
    memoryBytes: memory.length,
    pages,
    digests: Buffer.concat(pages.map((at) => nodeHasher.sha256(page(memory, at)))),
    changed,
    bytes: Buffer.concat(changed.map((position) => page(memory, pages[position] ?? 0))),
  };
}

function storeOn(system: FaultFileSystem): SnapshotStore {
  system.makeFolder("/run");
  return new SnapshotStore(system, nodeHasher, "/run");
}

function bytesIn(system: FaultFileSystem, folder: string): number {
  const names = system.list(`/run/${folder}`) ?? [];
  return names.reduce((sum, name) => sum + (system.read(`/run/${folder}/${name}`)?.length ?? 0), 0);
}

function memoriesOf(snapshot: Snapshot | undefined): readonly Uint8Array[] {
  return (snapshot?.images ?? []).map(({ memory }) => memory);
}

test("as many snapshots are kept as fit, the newest and the first among them", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(3);
  const store = storeOn(system);
  for (let tick = 0; tick < 60; tick += 1) {
    keepSnapshot(store, scene.draft(tick), "affordable");
    scene.change();
  }
  assert.equal(store.ticks().length, 60, "they are small");
  const before = bytesIn(system, "pages") + bytesIn(system, "snapshots");
  const removed = store.prune("affordable", before / 2);
  assert.equal(store.ticks().length + removed.length, 60);
  assert.ok(bytesIn(system, "pages") + bytesIn(system, "snapshots") <= before / 2);
  assert.ok(store.ticks().length > snapshotsAffordableMin);
  store.prune("affordable", 1);
  assert.equal(store.ticks().length, snapshotsAffordableMin);
  assert.deepEqual([store.ticks()[0], store.ticks().at(-1)], [0, 59]);
  for (const tick of store.ticks())
    assert.equal(store.newest({ ...fit, tickMax: tick }).snapshot?.tick, tick);
});

test("a snapshot is given to another run with its packs by name, and outlives the run that gave it", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(5);
  const store = storeOn(system);
  for (let tick = 0; tick < 6; tick += 1) {
    keepSnapshot(store, scene.draft(tick), "all");
    scene.change();
  }
  system.makeFolder("/fork");
  const fork = new SnapshotStore(system, nodeHasher, "/fork");
  const shared: string[] = [];
  const share = (from: string, to: string): void => {
    shared.push(from);
    const file = system.open(to);
    system.write(file, system.read(from) ?? new Uint8Array(), 0);
    system.sync(file);
    system.close(file);
  };
  const to = { store: fork, logRecords: 3, share };
  assert.equal(store.giveNewest({ ...fit, tickMax: -1 }, to), undefined);
  assert.equal(store.giveNewest({ ...fit, tickMax: 4 }, to), 4);
  assert.ok(shared.length > 1 && shared.every((path) => path.startsWith("/run/pages/")));
  const { snapshot } = store.newest({ ...fit, tickMax: 4 });
  for (const path of shared) system.remove(path);
  const given = fork.newest({ ...fit, records: 3 }).snapshot;
  assert.deepEqual(memoriesOf(given), memoriesOf(snapshot));
  assert.equal(given?.logRecords, 3);
  assert.equal(fork.giveNewest(fit, to), 4, "what is there already stays");
});

test("[G4] every retained snapshot restores what its tick held, and unchanged pages are stored once", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(1);
  let store = storeOn(system);
  const held = new Map<number, Uint8Array[]>();
  for (let tick = 0; tick < 90; tick += 1) {
    if (tick === 40) store = storeOn(system);
    const result = keepSnapshot(store, scene.draft(tick, tick === 40), 20);
    assert.equal(result.kind, "kept");
    held.set(
      tick,
      scene.memories.map((memory) => memory.slice()),
    );
    scene.change();
  }
  assert.equal(store.ticks().length, 20);
  assert.equal(store.ticks()[0], 0);
  assert.equal(store.ticks().at(-1), 89);
  for (const tick of store.ticks()) {
    const { snapshot, notes } = storeOn(system).newest({ ...fit, tickMax: tick });
    assert.deepEqual(notes, []);
    assert.equal(snapshot?.tick, tick);
    assert.deepEqual(memoriesOf(snapshot), held.get(tick), `tick ${tick}`);
    assert.deepEqual(snapshot.world, new Uint8Array([tick]));
  }
  assert.ok((system.list("/run/pages") ?? []).length < 90, "packs of removed snapshots are gone");
  assert.deepEqual(store.removeUnusedPacks(), [], "nothing is left that nobody needs");
});

test("a snapshot in which nothing changed writes no pages, also after a restart", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(2);
  assert.equal(storeOn(system).save(scene.draft(0)).kind, "saved");
  const before = bytesIn(system, "pages");
  const store = storeOn(system);
  assert.equal(store.save(scene.draft(1, true)).kind, "saved");
  assert.equal(store.save(scene.draft(2)).kind, "saved");
  assert.equal(bytesIn(system, "pages"), before);
  assert.deepEqual(memoriesOf(store.newest(fit).snapshot), scene.memories);
});

test("pages that were lost are asked for again", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(3);
  const store = storeOn(system);
  store.save(scene.draft(0));
  for (const name of system.list("/run/pages") ?? []) system.remove(`/run/pages/${name}`);
  assert.equal(store.save(scene.draft(1)).kind, "incomplete");
  assert.equal(store.save(scene.draft(1, true)).kind, "saved");
  const { snapshot, notes } = store.newest(fit);
  assert.deepEqual(memoriesOf(snapshot), scene.memories);
  assert.deepEqual(notes, []);
  assert.match(store.newest({ ...fit, tickMax: 0 }).notes.join(), /pages .* are gone|^$/);
});

test("a snapshot names a bounded number of packs", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(4, 40, 8);
  const store = storeOn(system);
  for (let tick = 0; tick < 150; tick += 1) {
    const memory = scene.memories[tick % 40];
    memory?.fill(1 + (tick % 250), 0, pageBytes);
    memory?.fill(2 + (tick % 97), pageBytes, 2 * pageBytes);
    assert.equal(store.save(scene.draft(tick)).kind, "saved");
  }
  store.prune(2);
  const packs = (system.list("/run/pages") ?? []).length;
  assert.ok(packs <= packsPerSnapshotMax + 1, `${packs} packs`);
  assert.deepEqual(memoriesOf(store.newest(fit).snapshot), scene.memories);
});

test("[G3] [G10] every byte of a snapshot and its pages flipped is found, and an older snapshot taken", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(5, 1, 16);
  const store = storeOn(system);
  store.save(scene.draft(0));
  const old = scene.memories.map((memory) => memory.slice());
  const oldPacks = new Set(system.list("/run/pages"));
  scene.change();
  store.save(scene.draft(1));
  const fresh = (system.list("/run/pages") ?? []).filter((name) => !oldPacks.has(name));
  const files = ["/run/snapshots/0000000000000002.snap", ...fresh.map((name) => `/run/pages/${name}`)];
  assert.equal(files.length, 2);
  for (const path of files) {
    const length = system.read(path)?.length ?? 0;
    for (let offset = 0; offset < length; offset += 1) {
      system.flip(path, offset, 0x10);
      const { snapshot, notes } = store.newest(fit);
      assert.equal(snapshot?.tick, 0, `${path} ${offset}`);
      assert.equal(notes.length, 1);
      if (offset % 50 === 0) assert.deepEqual(memoriesOf(snapshot), old);
      system.flip(path, offset, 0x10);
    }
  }
  assert.equal(store.newest(fit).snapshot?.tick, 1);
});

/** Saves with retention until the power goes off; the ticks whose save returned. */
function session(system: FaultFileSystem, seed: number, held: Map<number, Uint8Array[]>): number {
  let saved = -1;
  const scene = new Scene(seed);
  try {
    const store = storeOn(system);
    for (let tick = 0; tick < 10; tick += 1) {
      held.set(
        tick,
        scene.memories.map((memory) => memory.slice()),
      );
      const result = keepSnapshot(store, scene.draft(tick), 4);
      if (result.kind !== "kept")
        throw EngineError.fromRecord(result.kind === "failed" ? result.error : assert.fail());
      saved = tick;
      scene.change();
    }
  } catch (error) {
    if (!system.isCut) throw error;
  }
  return saved;
}

test("[G3] power cut at every call of saving and pruning: a stored snapshot is found, none is misread", () => {
  const whole = new FaultFileSystem();
  session(whole, 6, new Map());
  assert.ok(whole.calls > 100, `${whole.calls} calls`);
  for (let cutAt = 1; cutAt <= whole.calls; cutAt += 1) {
    const held = new Map<number, Uint8Array[]>();
    const system = new FaultFileSystem();
    system.cutAt = cutAt;
    const saved = session(system, 6, held);
    for (let seed = 1; seed <= 3; seed += 1) {
      const after = system.afterCut(seededRandom(cutAt * 10 + seed));
      const label = `cut at call ${cutAt}, seed ${seed}`;
      const store = storeOn(after);
      const { snapshot } = store.newest(fit);
      assert.ok((snapshot?.tick ?? -1) >= saved, `${label}: ${snapshot?.tick} after ${saved}`);
      if (snapshot !== undefined) assert.deepEqual(memoriesOf(snapshot), held.get(snapshot.tick), label);
      const scene = new Scene(7);
      assert.equal(keepSnapshot(store, scene.draft(50, true), 3).kind, "kept", label);
      for (const tick of store.ticks())
        assert.equal(store.newest({ ...fit, tickMax: tick }).snapshot?.tick, tick, label);
    }
  }
});

test("[G3] a full disk fails one snapshot; the next holds what it lost", () => {
  const system = new FaultFileSystem();
  const scene = new Scene(8);
  const store = storeOn(system);
  assert.equal(keepSnapshot(store, scene.draft(0), "all").kind, "kept");
  scene.change();
  system.fault = (call) => (call === "write" ? "ENOSPC" : undefined);
  const failed = keepSnapshot(store, scene.draft(1), "all");
  assert.equal(failed.kind === "failed" && failed.error.code, "WE_DISK_FULL");
  system.fault = undefined;
  scene.change();
  const next = keepSnapshot(store, scene.draft(2), "all");
  if (next.kind === "incomplete") assert.equal(keepSnapshot(store, scene.draft(2, true), "all").kind, "kept");
  assert.deepEqual(memoriesOf(store.newest(fit).snapshot), scene.memories);
});

test("retention keeps the first, the last, and fewer the older they are", () => {
  const ticks = Array.from({ length: 1000 }, (_, index) => index * 10);
  const removed = new Set(ticksToRemove(ticks, 16));
  const kept = ticks.filter((tick) => !removed.has(tick));
  assert.equal(kept.length, 16);
  assert.deepEqual([kept[0], kept.at(-1)], [0, 9990]);
  const gaps = kept.slice(1).map((tick, index) => tick - (kept[index] ?? 0));
  assert.ok((gaps[1] ?? 0) > 5 * (gaps.at(-1) ?? 0), `gaps ${gaps.join()}`);
  assert.deepEqual(ticksToRemove(ticks, "all"), []);
  assert.deepEqual(ticksToRemove([1, 2, 3], 2), [2]);
  let live: number[] = [];
  for (const tick of ticks) {
    live.push(tick);
    const gone = new Set(ticksToRemove(live, 8));
    live = live.filter((entry) => !gone.has(entry));
  }
  assert.equal(live.length, 8);
  const first = live.slice(1).map((tick, index) => tick - (live[index] ?? 0));
  assert.ok((first[1] ?? 0) > (first.at(-1) ?? 0), `gaps ${first.join()}`);
});

/**
 * Heavy mode: executes the ticks of a recorded run, and after every one of a slice stores a snapshot, throws the world
 * away, and goes on from what was stored. Whatever a snapshot forgets shows in a later commit.
 */

import { genesisDigest } from "@wasm-engine/core";
import type { SnapshotImage } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { compareCommits } from "../replay/play.js";
import { SnapshotStore } from "../storage/snapshot-store.js";
import { newHostState } from "../world/host-state.js";
import { hex } from "../world/report.js";
import { readRunStore } from "../world/run-store.js";
import type { ReadRun } from "../world/run-store.js";
import { decodeContent, encodeContent, encodeHost, encodePages } from "../world/snapshot-content.js";
import { createParts } from "../world/world-parts.js";
import type { WorldParts } from "../world/world-parts.js";
import { FaultFileSystem } from "./fault-file-system.js";

export interface HeavySlice {
  /** First tick after which the world is restored. */
  readonly from: number;
  /** Executed ticks in the slice. */
  readonly ticks: number;
}

export interface HeavyReport {
  /** Ticks executed, and those of them after which the world was restored. */
  readonly ticks: number;
  readonly restored: number;
  readonly images: number;
}

/** Test-only: changes an image between storing and restoring. */
export type SpoilImage = (image: SnapshotImage, tick: number) => SnapshotImage;

const snapshotsPerDisk = 16;

/** @throws Error that names the first tick at which a restored world is another one */
export function heavyRun(dir: string, slice: HeavySlice, spoil?: SpoilImage): HeavyReport {
  const run = readRunStore(dir);
  const report = { ticks: 0, restored: 0, images: 0 };
  let parts = createParts(run);
  let store = newStore();
  try {
    for (const { tick, inputs, commit } of run.recovered.ticks()) {
      if (commit === undefined || report.restored === slice.ticks) break;
      const difference = compareCommits(commit, parts.world.step(tick, inputs).commit);
      if (difference !== undefined) throw different(tick, difference.what);
      report.ticks += 1;
      if (tick < slice.from) continue;
      if (report.restored % snapshotsPerDisk === 0) store = newStore();
      parts = restored(run, parts, { store, spoil });
      report.restored += 1;
      report.images += parts.executor.images().length;
    }
    return report;
  } finally {
    parts.close({ wait: true });
  }
}

function newStore(): SnapshotStore {
  return new SnapshotStore(new FaultFileSystem(), nodeHasher, "/snapshots");
}

/** A fresh world from a snapshot of `parts`, which is closed. */
function restored(
  run: ReadRun,
  parts: WorldParts,
  { store, spoil }: { readonly store: SnapshotStore; readonly spoil: SpoilImage | undefined },
): WorldParts {
  const { world, executor } = parts;
  const { tick, chainHead } = world;
  const stateHash = world.stateHash();
  const digest = genesisDigest(nodeHasher, run.genesis);
  const place = { genesisDigest: digest, tick, chainHead, inputSeq: 0, logRecords: 0, positions: [] };
  const content = { world: world.exportState(), stateHash, host: newHostState(0, 0) };
  if (spoil === undefined) {
    const images = executor.pagedImages(true);
    const { kind } = store.save({
      ...place,
      ...encodePages({ ...content, host: encodeHost(content.host) }, images),
    });
    if (kind !== "saved") throw different(tick, "a snapshot of all pages lacks some");
  } else {
    const encoded = encodeContent({ ...content, images: executor.images() });
    store.saveWhole({
      ...place,
      ...encoded,
      images: encoded.images.map((image) => spoil(image, tick) ?? image),
    });
  }
  parts.close({ wait: true });
  const { snapshot, notes } = store.newest({ genesisDigest: digest, records: 0, tickMax: tick });
  if (snapshot?.tick !== tick) throw different(tick, `no snapshot is found: ${notes.join("; ")}`);
  const { genesis, modules } = run;
  const fresh = createParts({ genesis, modules, from: decodeContent(snapshot) });
  if (hex(fresh.world.chainHead) !== hex(chainHead)) throw different(tick, "chain head");
  if (hex(fresh.world.stateHash()) !== hex(stateHash)) throw different(tick, "state hash");
  return fresh;
}

function different(tick: number, what: string): Error {
  return new Error(`the world restored at or before tick ${tick} is another one: ${what}`);
}

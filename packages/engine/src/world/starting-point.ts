/**
 * Where a run that is opened goes on from: its newest snapshot, decoded. Runs that begin alike and are opened one after
 * the other in one process share it: it is read once, and the objects are the same, by which an executor that is
 * reused knows images that it has loaded before.
 */

import { equalBytes } from "@wasm-engine/core";
import type { Snapshot } from "@wasm-engine/core";
import { requireReach } from "../storage/event-log-reader.js";
import type { RunStore } from "./run-store.js";
import { decodeContent } from "./snapshot-content.js";
import type { SnapshotContent } from "./snapshot-content.js";

export interface StartingPoint {
  readonly tick: number;
  readonly content: SnapshotContent;
}

type Fit = Pick<Snapshot, "tick" | "genesisDigest" | "logRecords">;

/** Asked before anything is made from it, outputs above all; undefined before tick 0. @throws {WE_RUN_COMPACTED} */
export function startingPoint(store: RunStore): StartingPoint | undefined {
  const found = readPoint(store);
  return found && { tick: found.fit.tick, content: found.content };
}

function readPoint(
  store: RunStore,
): { readonly fit: Fit; readonly content: SnapshotContent; readonly isKept: boolean } | undefined {
  const found = store.newestSnapshot(Infinity);
  requireReach(store.dir, store.recovered?.base, found?.tick ?? -1);
  if (found === undefined) return undefined;
  const { tick, genesisDigest, logRecords } = found;
  const isKept = store.canBuildOn(tick);
  if (isKept) store.snapshots.goOn();
  return { fit: { tick, genesisDigest, logRecords }, content: decodeContent(found, isKept), isKept };
}

/** The starting point of runs that are opened one after the other. */
export class SharedStart {
  #digest: string | undefined;
  #read: ReturnType<typeof readPoint>;

  /** As {@link startingPoint}; not read again where the newest snapshot is the same file as that of the run before. */
  of(store: RunStore): StartingPoint | undefined {
    const digest = store.newestSnapshotDigest();
    if (digest === undefined || digest !== this.#digest || !fits(store, this.#read?.fit)) {
      this.#read = readPoint(store);
      this.#digest = digest;
    } else if (this.#read?.isKept === true) {
      store.snapshots.goOn();
    }
    const point = this.#read;
    if (point === undefined) return undefined;
    // The host counts on in its own state.
    const host = structuredClone(point.content.host);
    return { tick: point.fit.tick, content: { ...point.content, host } };
  }
}

function fits({ genesisDigest, log, recovered }: RunStore, fit: Fit | undefined): boolean {
  if (fit === undefined || recovered === undefined) return false;
  const isReached = fit.logRecords <= log.records && fit.tick >= (recovered.base?.tick ?? -1);
  return isReached && equalBytes(genesisDigest, fit.genesisDigest);
}

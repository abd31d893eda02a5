/**
 * Where snapshots of a run that goes on are put: whole ones at once, or images little by little and the rest at the
 * end. What fails in the background is a side record, and the next snapshot holds every page; an output that could not
 * be synced ends the world.
 */

import { EngineError, assert } from "@wasm-engine/abi";
import { InlineSnapshotKeeper, ThreadedSnapshotKeeper, requireKept } from "../storage/index.js";
import type {
  RunFolder,
  SideRecords,
  SnapshotDraft,
  SnapshotKeep,
  SnapshotKeeper,
} from "../storage/index.js";
import { isShortage } from "../storage/write-error.js";

/** What of a snapshot the world gives. */
export type WorldDraft = Omit<SnapshotDraft, "genesisDigest">;

export interface SnapshotShelf {
  /** The world begins with a snapshot whose pages are all there: the next one need not have them again. */
  goOn(): void;
  /**
   * Keeps a snapshot; its log must be synced. Returns when it is on the disk.
   * @param draft makes the snapshot; `all`: with the bytes of every page @throws {WE_RUN_UNWRITABLE} {WE_DISK_FULL}
   */
  keep(draft: (all: boolean) => WorldDraft): void;
  /** Nothing is being written. */
  readonly canBegin: boolean;
  /** Whether the next snapshot must have the bytes of every page; undefined while the last is being written. */
  begin(): { readonly all: boolean } | undefined;
  /** Images of the snapshot that was begun. */
  add(images: SnapshotDraft["images"]): void;
  /** What is left of it, to be written once `syncFirst` is on the disk; the log must be synced. */
  hand(draft: WorldDraft, syncFirst: readonly string[]): void;
  /** The snapshot that was begun is not to be. */
  drop(): void;
  /** Returns when nothing is being written. @throws {WE_RUN_UNWRITABLE} where an output could not be synced */
  settle(): void;
  close(): void;
}

export interface ShelfParts {
  readonly folder: RunFolder;
  readonly threaded: boolean;
  readonly keep: SnapshotKeep | undefined;
  readonly side: SideRecords;
  readonly genesisDigest: Uint8Array;
}

export function snapshotShelf(parts: ShelfParts): SnapshotShelf {
  const { folder, threaded, keep = "affordable", side, genesisDigest } = parts;
  const keeper: SnapshotKeeper = threaded
    ? new ThreadedSnapshotKeeper(folder.path, keep)
    : new InlineSnapshotKeeper({ system: folder.system, store: folder.snapshots, keep });
  let needsAll = true;
  const settle = (): void => {
    const result = keeper.finish();
    if (result === undefined || result.kind === "kept") return;
    // A later snapshot would count bytes of an output that are lost.
    if (result.kind === "unsynced") throw EngineError.fromRecord(result.error);
    needsAll = true;
    const cause = result.kind === "failed" ? result.error.message : `${result.missing} pages are gone`;
    try {
      side.append("snapshot-failed", { cause });
    } catch (error) {
      // A snapshot only saves time, and the disk that took none may not take the note either.
      if (!isShortage(error)) throw error;
    }
  };
  return {
    goOn: () => {
      needsAll = false;
    },
    settle,
    keep: (draft) => {
      settle();
      keeper.begin({ ...draft(needsAll), genesisDigest });
      let result = keeper.finish();
      if (result?.kind === "incomplete") {
        keeper.begin({ ...draft(true), genesisDigest });
        result = keeper.finish();
      }
      assert(result !== undefined && result.kind !== "incomplete", "a snapshot of all pages lacks none");
      needsAll = result.kind !== "kept";
      requireKept(result);
    },
    get canBegin() {
      return keeper.isIdle;
    },
    begin: () => {
      if (!keeper.isIdle) return undefined;
      settle();
      return { all: needsAll };
    },
    add: (images) => keeper.add(images),
    hand: (draft, syncFirst) => {
      needsAll = false;
      keeper.begin({ ...draft, genesisDigest }, syncFirst);
    },
    drop: () => {
      needsAll = true;
      keeper.drop();
    },
    close: () => {
      try {
        settle();
      } finally {
        keeper.close();
      }
    },
  };
}

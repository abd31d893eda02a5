/**
 * `compact`: a run gives up what its log and its snapshots hold from before one snapshot, and stays a run from there
 * on. First the older snapshots go, then the log is cut, then what the cut left: at every step the run opens.
 */

import { join } from "node:path";
import { equalBytes } from "@wasm-engine/core";
import type { Snapshot } from "@wasm-engine/core";
import { hexOfBytes, nodeHasher } from "../crypto/node-crypto.js";
import { cutLog, removeLeftSegments, storeCut } from "../storage/cut-log.js";
import type { CutLog } from "../storage/cut-log.js";
import { repairLog } from "../storage/event-log-reader.js";
import { RunFolder, RunLock, recoverLog } from "../storage/index.js";
import type { RecoveredLog } from "../storage/index.js";
import type { SnapshotStore } from "../storage/snapshot-store.js";
import { guardedWrite } from "../storage/write-error.js";
import { tickError } from "../world/errors.js";
import { readInfo } from "../world/run-store.js";
import type { CompactReport } from "./contract.js";
import { upkeepError } from "./errors.js";
import { sizeAt } from "./folder-bytes.js";

export interface CompactOptions {
  /** The earliest tick that is to stay reachable; default: that of the newest snapshot. */
  readonly keepFrom?: number;
  /** Says what would go and changes nothing. */
  readonly dryRun?: boolean;
}

/**
 * Gives up what came before the newest snapshot at or before `keepFrom`.
 * @throws {WE_RUN_LOCKED} {WE_RUN_TICK} {WE_COMPACT_SNAPSHOT} {WE_LOG_DAMAGED} {WE_RUN_UNWRITABLE}
 * {WE_DISK_FULL}
 */
export function compactFolder(dir: string, { keepFrom, dryRun = false }: CompactOptions = {}): CompactReport {
  const folder = RunFolder.open(dir, nodeHasher);
  const locks = [folder.lock()];
  try {
    // A follower reads on in files that are about to become others.
    if (sizeAt(join(dir, "index")).files > 0) locks.push(RunLock.acquire(join(dir, "index", "lock")));
    const bytesBefore = bytesOf(dir);
    const whole = dryRun ? undefined : guardedWrite(dir, () => repairLog(folder.log));
    const log = whole?.log ?? recoverLog(folder.log);
    const choice = { dir, log, snapshots: folder.snapshots, keepFrom };
    const from = firstSnapshot(choice);
    const cut = cutLog(folder.log, from.tick);
    if (cut !== undefined && !equalBytes(cut.state.chainHead, from.chainHead)) throw noSnapshot(choice);
    const { position } = whole?.verdict.state ?? { position: 0 };
    const outcome = dryRun ? planned(choice.snapshots, from, cut) : cutRun(folder, { from, cut, position });
    return {
      runId: readInfo(folder).runId,
      dir,
      firstTick: from.tick,
      ...outcome,
      bytesBefore,
      bytesAfter: bytesOf(dir),
      chainHead: hexOfBytes(log.chainHead),
    };
  } finally {
    for (const lock of locks.reverse()) lock.release();
  }
}

function bytesOf(dir: string): number {
  return ["log", "snapshots", "pages"].reduce((sum, name) => sum + sizeAt(join(dir, name)).bytes, 0);
}

interface Choice {
  readonly dir: string;
  readonly log: RecoveredLog;
  readonly snapshots: SnapshotStore;
  readonly keepFrom: number | undefined;
}

/** The snapshot that the log will begin with, whole. */
function firstSnapshot(choice: Choice): Snapshot {
  const { log, snapshots, keepFrom } = choice;
  const { base, genesisDigest, records, reachedTick } = log;
  const first = base?.tick ?? 0;
  if (keepFrom !== undefined && keepFrom > reachedTick)
    throw tickError(keepFrom, { first, last: reachedTick });
  const fit = { genesisDigest, records, tickMin: first, tickMax: keepFrom ?? reachedTick };
  const { snapshot } = snapshots.newest(fit);
  if (snapshot === undefined) throw noSnapshot(choice);
  return snapshot;
}

function noSnapshot({ dir, log, snapshots, keepFrom }: Choice): Error {
  const ticks = snapshots.ticks();
  const found = ticks.length === 0 ? "it has none" : `it has those of ticks ${ticks.join(", ")}`;
  return upkeepError("WE_COMPACT_SNAPSHOT", { dir, tick: keepFrom ?? log.reachedTick, found });
}

type Outcome = Pick<CompactReport, "records" | "snapshots">;

function planned(snapshots: SnapshotStore, { tick }: Snapshot, cut: CutLog | undefined): Outcome {
  return { records: cut?.records ?? 0, snapshots: snapshots.ticks().filter((older) => older < tick) };
}

interface Cutting {
  readonly from: Snapshot;
  readonly cut: CutLog | undefined;
  /** End of the log. */
  readonly position: number;
}

function cutRun(folder: RunFolder, { from, cut, position }: Cutting): Outcome {
  // First the snapshots: one that is older than its log's beginning must never be gone on from.
  const snapshots = folder.snapshots.removeBefore(from.tick);
  if (cut === undefined) removeLeftSegments(folder.log);
  else storeCut(folder.log, cut, position);
  return { records: cut?.records ?? 0, snapshots };
}

/**
 * Reads the log of a run folder: verdict, recovered tail, ticks. Reading changes nothing on the disk, so it also serves
 * folders of other people and of running worlds; `repairLog` cuts what a crash left, before a writer goes on.
 */

import { join } from "node:path";
import {
  LogReader,
  damageError,
  readLog,
  readSyncedMark,
  segmentIndex,
  segmentName,
  verifyLog,
  type Hasher,
  type Input,
  type LogRecord,
  type LogVerdict,
  type LogVerification,
  type SegmentBytes,
} from "@wasm-engine/core";
import type { CutTail, RecoveredLog, RecoveredTick } from "./contract.js";
import { storageError } from "./errors.js";
import type { FileSystem } from "./file-system.js";

/** Where the log of a run is. */
export interface LogPlace {
  readonly system: FileSystem;
  readonly hasher: Hasher;
  readonly runFolder: string;
  readonly logFolder: string;
  readonly markPath: string;
}

/** The segment files in order, read one at a time. */
export function* readSegments({ system, logFolder }: LogPlace): Generator<SegmentBytes> {
  for (const name of system.list(logFolder) ?? []) {
    const index = segmentIndex(name);
    if (index === undefined) continue;
    yield { index, bytes: system.read(join(logFolder, name)) ?? new Uint8Array() };
  }
}

/** Bytes known to have been on the disk. Read before the segments: a running world only appends. */
function readMark({ system, markPath }: LogPlace): number | undefined {
  const bytes = system.read(markPath);
  return bytes === undefined ? undefined : readSyncedMark(bytes, undefined);
}

/**
 * What the log holds, without its torn tail.
 * @throws {WE_LOG_DAMAGED} @throws {WE_RUN_NEVER_STARTED}
 */
export function recoverLog(place: LogPlace): RecoveredLog {
  return recovered(place, judge(place));
}

/** As `recoverLog`, and cuts the torn tail off the files so that a writer can go on. */
export function repairLog(place: LogPlace): {
  readonly log: RecoveredLog;
  readonly verdict: LogVerdict;
} {
  const verdict = judge(place);
  if (verdict.torn !== undefined) cutTail(place, verdict);
  return { log: recovered(place, verdict), verdict };
}

/** The genesis was about to be written, or is: a run without even that never started. */
export function isLogBegun(place: LogPlace): boolean {
  const names = place.system.list(place.logFolder) ?? [];
  return readMark(place) !== undefined || names.some((name) => segmentIndex(name) !== undefined);
}

/** What `verify-log` reports: never throws for damage. */
export function verifyRunLog(place: LogPlace): LogVerification {
  return verifyLog(readSegments(place), place.hasher, readMark(place) ?? 0);
}

function judge(place: LogPlace): LogVerdict {
  const mark = readMark(place);
  const verdict = readLog(readSegments(place), { hasher: place.hasher, syncedPosition: mark ?? 0 });
  if (verdict.genesis === undefined && mark === undefined && verdict.damagedAt?.kind !== "wrong") {
    throw storageError("WE_RUN_NEVER_STARTED", { path: place.runFolder });
  }
  if (verdict.damagedAt !== undefined) throw damageError(verdict.damagedAt);
  return verdict;
}

function recovered(place: LogPlace, verdict: LogVerdict): RecoveredLog {
  const { genesis, genesisDigest, state, closed, reachedTick } = verdict;
  if (genesis === undefined || genesisDigest === undefined) {
    throw storageError("WE_RUN_NEVER_STARTED", { path: place.runFolder });
  }
  const { records, commits, tick, lastSeq, chainHead } = state;
  const cut = cutOf(place, verdict);
  return {
    genesis,
    genesisDigest,
    records,
    commits,
    tick,
    reachedTick,
    lastSeq,
    chainHead,
    closed,
    ...(cut === undefined ? {} : { cut }),
    ticks: (after = -1) => readTicks(place, records, after),
  };
}

function cutOf({ system, logFolder }: LogPlace, { torn, end }: LogVerdict): CutTail | undefined {
  if (torn === undefined) return undefined;
  const bytes = system.read(join(logFolder, torn.segment))?.length ?? 0;
  const offset = torn.segment === segmentName(end.segment) ? end.offset : 0;
  return { segment: torn.segment, offset, record: torn.record, bytes: Math.max(0, bytes - offset) };
}

/** A segment that lost its header goes as a whole; otherwise the file ends with its last good record. */
function cutTail({ system, logFolder }: LogPlace, { torn, end }: LogVerdict): void {
  const path = join(logFolder, torn?.segment ?? segmentName(end.segment));
  if (end.offset === 0) {
    system.remove(path);
  } else {
    const file = system.open(path);
    try {
      system.truncate(file, end.offset);
      system.sync(file);
    } finally {
      system.close(file);
    }
  }
  system.syncFolder(logFolder);
}

/** Every record up to `records`, in order. @throws {WE_LOG_DAMAGED} */
export function* readRecords(place: LogPlace, records: number): Generator<LogRecord> {
  const reader = new LogReader(place.hasher);
  for (const segment of readSegments(place)) {
    for (const record of reader.read(segment)) {
      yield record;
      if (record.record + 1 >= records) return;
    }
    if (reader.damage !== undefined) throw damageError(reader.damage);
  }
}

function* readTicks(place: LogPlace, records: number, after: number): Generator<RecoveredTick> {
  const waiting = new Map<number, Input[]>();
  for (const record of readRecords(place, records)) {
    if (record.kind === "input") {
      const { tick } = record.input;
      waiting.set(tick, [...(waiting.get(tick) ?? []), record.input]);
    }
    if (record.kind !== "commit") continue;
    const { commit, inputs } = record;
    waiting.delete(commit.tick);
    if (commit.tick > after) yield { tick: commit.tick, inputs, commit };
  }
  for (const [tick, inputs] of [...waiting].sort(([left], [right]) => left - right)) {
    if (tick > after) yield { tick, inputs };
  }
}

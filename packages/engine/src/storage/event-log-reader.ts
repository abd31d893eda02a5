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
  isTornTail,
  type Hasher,
  type Input,
  type KnownGenesis,
  type LogBase,
  type LogRecord,
  type LogVerdict,
  type LogVerification,
} from "@wasm-engine/core";
import type { CutTail, RecoveredLog, RecoveredTick } from "./contract.js";
import { storageError } from "./errors.js";
import type { FileSystem } from "./file-system.js";
import { markBytesMax } from "./limits.js";
import { readGenesis, readPoints, seekLog } from "./log-seek.js";
import { readSegments } from "./log-segments.js";

/** Where the log of a run is. */
export interface LogPlace {
  readonly system: FileSystem;
  readonly hasher: Hasher;
  readonly runFolder: string;
  readonly logFolder: string;
  readonly markPath: string;
}

/** Bytes known to have been on the disk. Read before the segments: a running world only appends. */
function readMark({ system, markPath }: LogPlace): number | undefined {
  const bytes = system.read(markPath, markBytesMax);
  return bytes === undefined ? undefined : readSyncedMark(bytes, undefined);
}

/**
 * What the log holds, without its torn tail.
 * @throws {WE_LOG_DAMAGED} @throws {WE_RUN_NEVER_STARTED}
 */
export function recoverLog(place: LogPlace): RecoveredLog {
  return recovered(place, judge(place));
}

/**
 * As `recoverLog`, but only the genesis and what follows the last HEAD record is read and checked; everything else when
 * it is read, from the nearest HEAD on. Inputs that have been logged since the last HEAD are the only uncommitted ones.
 * For those who look at a part of a run. @throws {WE_LOG_DAMAGED} @throws {WE_RUN_NEVER_STARTED}
 */
export function surveyLog(place: LogPlace): RecoveredLog {
  return recovered(place, surveyed(place) ?? judge(place));
}

/** The verdict from the end of the log; undefined where only the whole log can tell. */
function surveyed(place: LogPlace): LogVerdict | undefined {
  const synced = readMark(place) ?? 0;
  const known = readGenesis(place);
  const sought = known && seekLog(place, known, "end");
  if (known === undefined || sought === undefined) return undefined;
  const { reader } = sought;
  for (const found = sought.records(); found.next().done !== true;);
  const { damage, state, reachedTick, pending, end } = reader;
  if (damage === undefined ? state.position < synced : !isTornTail(damage, synced)) return undefined;
  return {
    ok: true,
    genesis: known.genesis,
    genesisDigest: known.digest,
    state,
    // Only a log that begins with its genesis is looked at like this.
    base: undefined,
    closed: reader.closed && damage === undefined,
    reachedTick,
    pending,
    end,
    ...(damage === undefined ? {} : { torn: damage }),
  };
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
  const { genesis, genesisDigest, state, base, closed, reachedTick, pending } = verdict;
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
    ...(base === undefined ? {} : { base }),
    heads: () => [...readPoints(place).map(({ state }) => state), verdict.state],
    ticks: (after = -1) => {
      requireReach(place.runFolder, base, after);
      return readTicks(place, { genesis, digest: genesisDigest, records, pending, base }, after);
    },
  };
}

/**
 * The log tells what followed `tick`: a world at that tick can be brought to any later one.
 * @param asked the tick that somebody named @throws {WE_RUN_COMPACTED}
 */
export function requireReach(path: string, base: LogBase | undefined, tick: number, asked?: number): void {
  if (base === undefined || tick >= base.tick) return;
  const words = asked === undefined ? "an earlier tick" : `tick ${asked}`;
  throw storageError("WE_RUN_COMPACTED", { path, tick: base.tick, asked: words });
}

function cutOf({ system, logFolder }: LogPlace, { torn, end }: LogVerdict): CutTail | undefined {
  if (torn === undefined) return undefined;
  const bytes = system.length(join(logFolder, torn.segment)) ?? 0;
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

interface KnownLog extends KnownGenesis {
  readonly records: number;
  /** Inputs that wait for their commit. */
  readonly pending: readonly Input[];
  readonly base: LogBase | undefined;
}

/** A part that does not read by itself may depend on inputs far before it: then the log is read from its begin. */
function* readTicks(place: LogPlace, known: KnownLog, after: number): Generator<RecoveredTick> {
  const { records, pending } = known;
  let last = after;
  const sought = after < 0 ? undefined : seekLog(place, known, { tick: after });
  if (sought !== undefined) {
    for (const record of upTo(sought.records(), records)) {
      if (record.kind !== "commit" || record.commit.tick <= after) continue;
      last = record.commit.tick;
      yield { tick: last, inputs: record.inputs, commit: record.commit };
    }
  }
  if (sought === undefined || sought.reader.damage !== undefined) {
    for (const record of readRecords(place, records)) {
      // Somebody may have given up more of the log since it was looked at.
      if (record.kind === "base" && record.base.tick !== known.base?.tick)
        requireReach(place.runFolder, record.base, last);
      if (record.kind !== "commit" || record.commit.tick <= last) continue;
      yield { tick: record.commit.tick, inputs: record.inputs, commit: record.commit };
    }
  }
  for (const tick of new Set(pending.map((input) => input.tick))) {
    if (tick > after) yield { tick, inputs: pending.filter((input) => input.tick === tick) };
  }
}

function* upTo(found: Iterable<LogRecord>, records: number): Generator<LogRecord> {
  for (const record of found) {
    yield record;
    if (record.record + 1 >= records) return;
  }
}

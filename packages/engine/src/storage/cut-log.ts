/**
 * Gives up the older records of a log (spec/event-log.md section 3a). The segment in which the cut lies is replaced by
 * one that begins with a base: with that one rename the log begins there. What lies before is removed afterwards; an
 * interruption leaves it behind, and readers pass over it.
 */

import { basename, dirname, join } from "node:path";
import { assert } from "@wasm-engine/abi";
import { LogReader, damageError, encodeBaseSegment, encodeSyncedMark, segmentName } from "@wasm-engine/core";
import type { Input, LogState } from "@wasm-engine/core";
import { allSegmentIndexes, readSegments, segmentIndexes } from "./log-segments.js";
import type { LogPlace } from "./event-log-reader.js";
import { replaceFile } from "./file-system.js";
import { guardedWrite } from "./write-error.js";

/** A log as it will be: its first segment anew, those after it as they are. */
export interface CutLog {
  /** Of the segment in which the cut lies. */
  readonly index: number;
  readonly bytes: Uint8Array;
  /** Where in the segment as it was the cut lies, and how many bytes of it follow. */
  readonly offset: number;
  readonly restBytes: number;
  /** After the last commit that is given up. */
  readonly state: LogState;
  /** Records that are given up. */
  readonly records: number;
  readonly genesisDigest: Uint8Array;
}

interface CutPlace {
  readonly segment: number;
  readonly offset: number;
  readonly state: LogState;
  readonly waiting: readonly Input[];
}

/**
 * The log without what it holds up to and with `tick`; undefined where there is nothing to give up. Changes nothing.
 * @throws {WE_LOG_DAMAGED}
 */
export function cutLog(place: LogPlace, tick: number): CutLog | undefined {
  const reader = new LogReader(place.hasher);
  const cut = placeOfCut(place, reader, tick);
  const { genesis, genesisDigest } = reader;
  if (cut === undefined || genesis === undefined || genesisDigest === undefined) return undefined;
  const { segment: index, offset, state, waiting } = cut;
  const head = encodeBaseSegment(index, { genesis, genesisDigest, state, waiting });
  if (head === undefined) return undefined;
  const old = place.system.read(join(place.logFolder, segmentName(index)));
  assert(old !== undefined, "the segment was read before");
  const bytes = new Uint8Array(Buffer.concat([head, old.subarray(offset)]));
  const before = reader.base?.state.records ?? 0;
  const restBytes = old.length - offset;
  return { index, bytes, offset, restBytes, state, records: state.records - before, genesisDigest };
}

/** Behind the last commit at or before `tick`, and behind the chain head that may follow it. */
function placeOfCut(place: LogPlace, reader: LogReader, tick: number): CutPlace | undefined {
  let cut: CutPlace | undefined;
  for (const segment of readSegments(place)) {
    for (const record of reader.read(segment)) {
      if (record.kind === "commit" && record.commit.tick > tick) return cut;
      const isNext = record.kind === "head" && record.record === cut?.state.records;
      if (record.kind !== "commit" && !isNext) continue;
      const offset = record.offset + record.bytes;
      cut = { segment: segment.index, offset, state: reader.state, waiting: [...reader.pending] };
    }
    if (reader.damage !== undefined) throw damageError(reader.damage);
  }
  return cut;
}

/**
 * Makes the log begin at the cut; the run must be locked and its log repaired. Each step leaves a log that opens.
 * @param position end of the log @throws {WE_RUN_UNWRITABLE} {WE_DISK_FULL}
 */
export function storeCut(place: LogPlace, cut: CutLog, position: number): void {
  guardedWrite(place.logFolder, () => replaceBeginning(place, cut, position));
  removeLeftSegments(place);
}

function replaceBeginning(place: LogPlace, cut: CutLog, position: number): void {
  const { system, logFolder, markPath } = place;
  const last = allSegmentIndexes(place).at(-1) ?? cut.index;
  const file = system.open(join(logFolder, segmentName(last)));
  try {
    system.sync(file);
  } finally {
    system.close(file);
  }
  // From now on a damaged beginning can no longer be taken for a log that never began.
  const mark = encodeSyncedMark(cut.genesisDigest, position);
  replaceFile(system, dirname(markPath), basename(markPath), [mark]);
  replaceFile(system, logFolder, segmentName(cut.index), [cut.bytes]);
}

/** Removes segments that are no part of the log any more. Returns their names. @throws {WE_RUN_UNWRITABLE} */
export function removeLeftSegments(place: LogPlace): readonly string[] {
  const { system, logFolder } = place;
  const used = new Set(segmentIndexes(place));
  const left = allSegmentIndexes(place).filter((index) => !used.has(index));
  const temporary = (system.list(logFolder) ?? []).filter((name) => name.endsWith(".seg.tmp"));
  const names = [...left.map(segmentName), ...temporary];
  guardedWrite(logFolder, () => {
    for (const name of names) system.remove(join(logFolder, name));
    if (names.length > 0) system.syncFolder(logFolder);
  });
  return names;
}

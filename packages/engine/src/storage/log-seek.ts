/**
 * Reads a part of a log without what comes before: from the begin of a segment or a HEAD record on. Where anything is
 * not as expected the answer is undefined, and the log must be read as a whole, which says exactly what is wrong.
 */

import { join } from "node:path";
import {
  LogReader,
  RecordKind,
  decodeGenesis,
  equalBytes,
  genesisBytesDigest,
  logPoints,
  readFrame,
  readSegmentHeader,
  recordHeaderBytes,
  segmentHeaderBytes,
  segmentIndex,
  segmentName,
  type KnownGenesis,
  type LogPoint,
  type LogRecord,
  type SegmentBytes,
} from "@wasm-engine/core";
import { EngineError } from "@wasm-engine/abi";
import { segmentBytesMax } from "./limits.js";
import type { LogPlace } from "./event-log-reader.js";
import { segmentIndexes } from "./log-segments.js";

/** A reader in the middle of a log. */
export interface SoughtLog {
  readonly reader: LogReader;
  /** The segment that the reader stands in. */
  readonly segment: number;
  /** Ends at the first damage, or where the files end. */
  records(): Generator<LogRecord, void, undefined>;
}

/** Where to go on: after the last commit at or before a tick, or behind the last HEAD. */
export type SeekTarget = { readonly tick: number } | "end";

/** Reads on at the last point before the target. */
export function seekLog(place: LogPlace, known: KnownGenesis, target: SeekTarget): SoughtLog | undefined {
  const names = segmentNames(place);
  const place0 = names.findLastIndex((name) => target === "end" || isBefore(place, name, target.tick));
  const first = names[place0];
  const segment = first === undefined ? undefined : readSegment(place, first);
  if (segment === undefined) return undefined;
  const points = logPoints(segment) ?? [];
  const point = points.findLast(({ state }) => target === "end" || state.tick <= target.tick);
  if (point === undefined) return undefined;
  const reader = LogReader.at(place.hasher, point, known);
  const { index } = segment;
  return {
    reader,
    segment: index,
    records: () => recordsFrom(reader, segment, followers(place, names.slice(place0 + 1))),
  };
}

/** The points of all segments up to one that does not read, in order: HEAD records and begins of segments. */
export function readPoints(place: LogPlace): readonly LogPoint[] {
  const points: LogPoint[] = [];
  for (const name of segmentNames(place)) {
    const segment = readSegment(place, name);
    const found = segment && logPoints(segment);
    if (found === undefined) return points;
    points.push(...found);
  }
  return points;
}

function* recordsFrom(
  reader: LogReader,
  segment: SegmentBytes,
  later: Iterable<SegmentBytes>,
): Generator<LogRecord, void, undefined> {
  yield* reader.readOn(segment);
  for (const next of later) {
    if (reader.damage !== undefined) return;
    yield* reader.read(next);
  }
}

function* followers(place: LogPlace, names: readonly string[]): Generator<SegmentBytes> {
  for (const name of names) {
    const segment = readSegment(place, name);
    if (segment !== undefined) yield segment;
  }
}

function segmentNames(place: LogPlace): readonly string[] {
  return segmentIndexes(place).map(segmentName);
}

function readSegment({ system, logFolder }: LogPlace, name: string): SegmentBytes | undefined {
  const bytes = system.read(join(logFolder, name), segmentBytesMax);
  return bytes && { index: segmentIndex(name) ?? 0, bytes };
}

/** True where every commit before the segment is at or before the tick. */
function isBefore({ system, logFolder }: LogPlace, name: string, tick: number): boolean {
  const bytes = system.readPart(join(logFolder, name), 0, segmentHeaderBytes);
  const header = bytes === undefined ? undefined : readSegmentHeader(bytes);
  return header !== undefined && !("fault" in header) && header.state.tick <= tick;
}

/** The genesis, from the first record; undefined where the log does not begin with it. */
export function readGenesis(place: LogPlace): KnownGenesis | undefined {
  const { system, logFolder, hasher } = place;
  const [name] = segmentNames(place);
  if (name === undefined || segmentIndex(name) !== 0) return undefined;
  const path = join(logFolder, name);
  const begin = system.readPart(path, 0, segmentHeaderBytes + recordHeaderBytes);
  if (begin === undefined || begin.length < segmentHeaderBytes + recordHeaderBytes) return undefined;
  const header = readSegmentHeader(begin);
  if ("fault" in header) return undefined;
  const length = new DataView(begin.buffer, begin.byteOffset).getUint32(segmentHeaderBytes, true);
  const bytes = system.readPart(path, 0, begin.length + length) ?? begin;
  const frame = readFrame(bytes, segmentHeaderBytes, header.state.position + segmentHeaderBytes);
  if ("fault" in frame || frame.kind !== RecordKind.GENESIS) return undefined;
  const digest = genesisBytesDigest(hasher, frame.payload);
  if (!equalBytes(digest, header.genesisDigest)) return undefined;
  try {
    return { genesis: decodeGenesis(frame.payload), digest };
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return undefined;
  }
}

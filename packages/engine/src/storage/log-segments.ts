/** The segment files of a log: which there are, and which of them the log consists of. */

import { join } from "node:path";
import {
  RecordKind,
  beginsWithBase,
  firstKindOffset,
  segmentIndex,
  segmentName,
  type SegmentBytes,
} from "@wasm-engine/core";
import { segmentBytesMax } from "./limits.js";
import type { LogPlace } from "./event-log-reader.js";

/** The segment files in order, read one at a time. */
export function* readSegments(place: LogPlace): Generator<SegmentBytes> {
  for (const index of segmentIndexes(place)) {
    yield {
      index,
      bytes:
        place.system.read(join(place.logFolder, segmentName(index)), segmentBytesMax) ?? new Uint8Array(),
    };
  }
}

/** The segments that the log consists of. What an interrupted `compact` left before its base is no part of it. */
export function segmentIndexes(place: LogPlace): readonly number[] {
  const all = allSegmentIndexes(place);
  const base = all.findLast((index) => isBaseSegment(place, index));
  return base === undefined ? all : all.filter((index) => index >= base);
}

/** The segment files that are there. */
export function allSegmentIndexes({ system, logFolder }: LogPlace): readonly number[] {
  return (system.list(logFolder) ?? []).flatMap((name) => segmentIndex(name) ?? []);
}

function isBaseSegment({ system, logFolder }: LogPlace, index: number): boolean {
  const path = join(logFolder, segmentName(index));
  if (system.readPart(path, firstKindOffset, 1)?.[0] !== RecordKind.BASE) return false;
  return beginsWithBase(system.read(path, segmentBytesMax) ?? new Uint8Array());
}

/**
 * Places of a log at which reading can begin without what comes before: the begin of a segment and every HEAD record.
 * They are found by stepping over frames; only the records that are named are checked. What a reader finds from there
 * on is checked as always, so a wrong place shows as damage and never as wrong records.
 */

import type { SegmentBytes } from "./log-reader.js";
import { headBytes, readHead, type LogState } from "./log-state.js";
import { RecordKind, readFrame, recordHeaderBytes } from "./record.js";
import { readSegmentHeader, segmentHeaderBytes } from "./segment.js";

export interface LogPoint {
  readonly segment: number;
  /** Offset in the segment of the record that comes next. */
  readonly offset: number;
  /** State of the log there. */
  readonly state: LogState;
}

/**
 * The points of one segment in order, the first behind its header; ends where a frame does not fit. Undefined where the
 * header does not read or the count of commits is not what a HEAD says: such a log must be read as a whole.
 */
export function logPoints({ index, bytes }: SegmentBytes): readonly LogPoint[] | undefined {
  const header = readSegmentHeader(bytes);
  if ("fault" in header || header.index !== index) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begin = header.state.position;
  let { records, commits } = header.state;
  const first = { ...header.state, position: begin + segmentHeaderBytes };
  const points: LogPoint[] = [{ segment: index, offset: segmentHeaderBytes, state: first }];
  for (let offset = segmentHeaderBytes; bytes.length - offset >= recordHeaderBytes;) {
    const end = offset + recordHeaderBytes + view.getUint32(offset, true);
    if (end > bytes.length) break;
    const kind = view.getUint8(offset + 4);
    records += 1;
    if (kind === RecordKind.COMMIT) commits += 1;
    if (kind === RecordKind.HEAD) {
      const frame = readFrame(bytes, offset, begin + offset);
      if ("fault" in frame || frame.payload.length !== headBytes) return undefined;
      const { payload } = frame;
      const head = readHead(new DataView(payload.buffer, payload.byteOffset, payload.byteLength), 0);
      if (head.commits !== commits) return undefined;
      points.push({ segment: index, offset: end, state: { ...head, position: begin + end, records } });
    }
    offset = end;
  }
  return points;
}

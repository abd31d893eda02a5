/**
 * Where a log begins whose older records were given up (spec/event-log.md section 3a). The first record of such a log
 * is BASE: the genesis, and the inputs that were logged before and wait for their commit. The header of its segment
 * holds the chain head and the counts of what is gone, so everything after it is checked as before.
 *
 *   u32 bytes ‖ canonical genesis, then per waiting input in log order: u32 bytes ‖ canonical input
 */

import { assert } from "@wasm-engine/abi";
import type { Genesis, Input } from "../model.js";
import { encodeInput } from "./input-codec.js";
import { encodeGenesis } from "./genesis-codec.js";
import type { LogState } from "./log-state.js";
import { RecordKind, frameRecord, readFrame, recordHeaderBytes } from "./record.js";
import { encodeSegmentHeader, readSegmentHeader, segmentHeaderBytes } from "./segment.js";

/** What a log without its older records says of them. */
export interface LogBase {
  /** Last tick whose commit is gone: the earliest that a snapshot can restore. */
  readonly tick: number;
  /** Chain head after that tick. */
  readonly chainHead: Uint8Array;
  /** What the log holds up to here counts records, commits, inputs and bytes that are gone. */
  readonly state: LogState;
}

/** What begins a log at `state`, the state after the last record that is given up. */
export interface BaseStart {
  readonly genesis: Genesis;
  readonly genesisDigest: Uint8Array;
  readonly state: LogState;
  /** Inputs before the cut whose tick is not committed yet. */
  readonly waiting: readonly Input[];
}

/**
 * Header and BASE record of segment `index`. They end at the position where what is given up ended, so that the
 * records which follow keep their positions; undefined where they are longer than that.
 */
export function encodeBaseSegment(index: number, start: BaseStart): Uint8Array | undefined {
  const { genesis, genesisDigest, state, waiting } = start;
  assert(state.records > 1 && state.commits > 0, "what is given up holds a commit");
  const payload = joined([encodeGenesis(genesis), ...waiting.map(encodeInput)]);
  const position = state.position - recordHeaderBytes - payload.length;
  if (position < segmentHeaderBytes) return undefined;
  const before = { ...state, position: position - segmentHeaderBytes, records: state.records - 1 };
  const header = encodeSegmentHeader(index, genesisDigest, before);
  const record = frameRecord(RecordKind.BASE, payload, position);
  const bytes = new Uint8Array(header.length + record.length);
  bytes.set(header, 0);
  bytes.set(record, header.length);
  return bytes;
}

function joined(items: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(items.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const item of items) {
    view.setUint32(offset, item.length, true);
    bytes.set(item, offset + 4);
    offset += 4 + item.length;
  }
  return bytes;
}

/** The parts of a BASE payload, or undefined where it is none: the genesis, then inputs. */
export function splitBase(payload: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const items: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length;) {
    if (payload.length - offset < 4) return undefined;
    const end = offset + 4 + view.getUint32(offset, true);
    if (end > payload.length) return undefined;
    items.push(payload.subarray(offset + 4, end));
    offset = end;
  }
  return items.length === 0 ? undefined : items;
}

/** Place of the kind of a segment's first record. */
export const firstKindOffset: number = segmentHeaderBytes + 4;

/** The segment begins a log without its older records: header and first record are whole, and that is BASE. */
export function beginsWithBase(bytes: Uint8Array): boolean {
  if (bytes[firstKindOffset] !== RecordKind.BASE) return false;
  const header = readSegmentHeader(bytes);
  if ("fault" in header) return false;
  return !("fault" in readFrame(bytes, segmentHeaderBytes, header.state.position + segmentHeaderBytes));
}

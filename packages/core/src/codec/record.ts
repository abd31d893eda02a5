/**
 * Framing of log records (spec/event-log.md section 4). A record says nothing about where it stands,
 * but its CRC covers the position, so a record that was written elsewhere, or that another one
 * displaced, does not check.
 *
 *   offset size field
 *   0      u32  payloadBytes
 *   4      u8   kind          RecordKind
 *   5      u32  crc           CRC-32C over u64 position, payloadBytes, kind, payload
 *   9      payload
 */

import { assert, writeU64 } from "@wasm-engine/abi";
import { logRecordBytesMax } from "../limits.js";
import { crc32c } from "./crc32c.js";

export const RecordKind = { GENESIS: 1, INPUT: 2, COMMIT: 3, HEAD: 4, CLOSE: 5, BASE: 6 } as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

export const recordHeaderBytes = 9;
const crcOffset = 5;

/** A record as found; `payload` aliases the bytes it was read from. */
export interface FramedRecord {
  readonly kind: RecordKind;
  readonly payload: Uint8Array;
  /** Offset of what follows. */
  readonly end: number;
}

/** What stands at an offset where a record should. */
export interface FrameFault {
  readonly fault: string;
}

/** Bytes of a record that will stand at `position` of the log. */
export function frameRecord(kind: RecordKind, payload: Uint8Array, position: number): Uint8Array {
  const bytes = new Uint8Array(recordHeaderBytes + payload.length);
  assert(bytes.length <= logRecordBytesMax, "a record is within its limit");
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, kind);
  bytes.set(payload, recordHeaderBytes);
  view.setUint32(crcOffset, frameCrc(bytes, 0, bytes.length, position), true);
  return bytes;
}

/** The record at `offset`, which is `position` of the log. */
export function readFrame(bytes: Uint8Array, offset: number, position: number): FramedRecord | FrameFault {
  if (bytes.length - offset < recordHeaderBytes) return { fault: "the record ends inside its frame" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(offset + 4);
  if (!isRecordKind(kind)) return { fault: `there is no record kind ${kind}` };
  const end = offset + recordHeaderBytes + view.getUint32(offset, true);
  if (end - offset > logRecordBytesMax) return { fault: "the record is longer than any record" };
  if (end > bytes.length) return { fault: "the record ends after its segment" };
  if (view.getUint32(offset + crcOffset, true) !== frameCrc(bytes, offset, end, position)) {
    return { fault: "its CRC does not fit its bytes and position" };
  }
  return { kind, payload: bytes.subarray(offset + recordHeaderBytes, end), end };
}

const positionScratch = new Uint8Array(8);
const positionView = new DataView(positionScratch.buffer);

function frameCrc(bytes: Uint8Array, offset: number, end: number, position: number): number {
  writeU64(positionView, 0, position);
  const head = crc32c(bytes, crc32c(positionScratch), offset, offset + crcOffset);
  return crc32c(bytes, head, offset + recordHeaderBytes, end);
}

function isRecordKind(kind: number): kind is RecordKind {
  return kind >= RecordKind.GENESIS && kind <= RecordKind.BASE;
}

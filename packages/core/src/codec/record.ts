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
  bytes.set(payload, recordHeaderBytes);
  sealFrame(bytes, { kind, position, start: 0, end: bytes.length });
  return bytes;
}

/** Frames a record in place: its payload lies in `bytes` up to `end`, behind room for the header at `start`. */
export function sealFrame(
  bytes: Uint8Array,
  frame: {
    readonly kind: RecordKind;
    readonly position: number;
    readonly start: number;
    readonly end: number;
  },
): void {
  openFrame(bytes, frame);
  const { position, start, end } = frame;
  setUint32(bytes, start + crcOffset, frameCrc(bytes, start, end, position));
}

/** Frames a record in place but for its CRC, which {@link sealRecords} puts in before the record is stored. */
export function openFrame(
  bytes: Uint8Array,
  { kind, start, end }: { readonly kind: RecordKind; readonly start: number; readonly end: number },
): void {
  assert(end - start <= logRecordBytesMax, "a record is within its limit");
  setUint32(bytes, start, end - start - recordHeaderBytes);
  bytes[start + 4] = kind;
}

/**
 * Puts the CRC into every record between `start` and `end`, of which the first will stand at `position` of the log.
 * Whole records lie there, one after the other; those that have one already keep it.
 */
export function sealRecords(
  bytes: Uint8Array,
  place: { readonly start: number; readonly end: number; readonly position: number },
): void {
  const { start, end } = place;
  let { position } = place;
  for (let at = start; at < end;) {
    const next = at + recordHeaderBytes + getUint32(bytes, at);
    assert(next <= end, "only whole records are sealed");
    setUint32(bytes, at + crcOffset, frameCrc(bytes, at, next, position));
    position += next - at;
    at = next;
  }
}

/** Little endian, without a view. */
function setUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

function getUint32(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8) | ((bytes[offset + 2] ?? 0) << 16);
  return (low | ((bytes[offset + 3] ?? 0) << 24)) >>> 0;
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

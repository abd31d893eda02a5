/**
 * INPUT records of the log. Messages from outside come by the hundred thousand: they are encoded and framed where they
 * are to lie, in slabs that many of them share, because a buffer of its own for each would cost more than filling it.
 * A slab is never used twice: whoever holds a record may keep it.
 */

import type { Input } from "../model.js";
import { encodeInput } from "./input-codec.js";
import { messageInputBytesMax, writeMessageInput } from "./message-input-codec.js";
import { RecordKind, frameRecord, openFrame, recordHeaderBytes, sealFrame } from "./record.js";

const slabBytes: number = 64 * 1024;
/** Longer ones have bytes of their own: they would leave too much of a slab empty. */
const sharingBytesMax: number = slabBytes / 8;

let slab = new Uint8Array(0);
let used = 0;

/** The record of `input` that will stand at `position` of the log. */
export function frameInput(input: Input, position: number): Uint8Array {
  const most = messageInputBytesMax(input);
  if (most === undefined || most > sharingBytesMax)
    return frameRecord(RecordKind.INPUT, encodeInput(input), position);
  if (used + recordHeaderBytes + most > slab.length) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  const start = used;
  const end = writeMessageInput(input, { into: slab, start: start + recordHeaderBytes, form: "stored" });
  if (end === undefined) return frameRecord(RecordKind.INPUT, encodeInput(input), position);
  sealFrame(slab, { kind: RecordKind.INPUT, position, start, end });
  used = end;
  return slab.subarray(start, end);
}

/**
 * Frames a message from outside where it is to lie, at `start` of `into`, but for its CRC: see `sealRecords`. Returns
 * where it ends; undefined where there is no room, or {@link frameInput} must do it.
 */
export function openInputFrame(input: Input, into: Uint8Array, start: number): number | undefined {
  const most = messageInputBytesMax(input);
  if (most === undefined || start + recordHeaderBytes + most > into.length) return undefined;
  const end = writeMessageInput(input, { into, start: start + recordHeaderBytes, form: "stored" });
  if (end !== undefined) openFrame(into, { kind: RecordKind.INPUT, start, end });
  return end;
}

/**
 * Reads a message that a guest hands to the host. Every check of spec/abi.md is here, in its order; the result
 * is either a refusal or a range that may be copied. It copies nothing itself.
 */

import {
  Encoding,
  MESSAGE_HEADER_BYTES,
  MessageField,
  Refusal,
  limits,
  payloadOffset,
} from "@wasm-engine/abi";
import type { MessageKind } from "@wasm-engine/abi";
import type { GuestMemory } from "./guest-memory.js";
import { isUtf8 } from "./utf8.js";

const TWO_21 = 0x20_0000;

/** A checked message in guest memory. Reused between calls: read it before the next one. */
export interface GuestMessage {
  pointer: number;
  /** Header, topic, padding and payload. */
  bytes: number;
  kind: MessageKind;
  encoding: Encoding;
  flags: number;
  topicBytes: number;
  payloadStart: number;
  payloadBytes: number;
}

/** Bits that the ABI defines. */
const FLAGS_KNOWN = 7;
/** Encodings are numbered without gaps. */
const ENCODING_LAST: number = Encoding.TEXT;

export function emptyGuestMessage(): GuestMessage {
  return {
    pointer: 0,
    bytes: 0,
    kind: 0,
    encoding: 0,
    flags: 0,
    topicBytes: 0,
    payloadStart: 0,
    payloadBytes: 0,
  };
}

/**
 * Checks the message at `pointer` and describes it in `out`. Returns 0 or a refusal. `host` charges the
 * bytes of the message once they are known to lie in memory, whether or not a later check refuses it.
 */
export function readGuestMessage(
  memory: GuestMemory,
  pointer: number,
  out: GuestMessage,
  host: { chargeMoved(bytes: number): void },
): Refusal | 0 {
  if (pointer % 8 !== 0 || !memory.holds(pointer, MESSAGE_HEADER_BYTES)) return Refusal.BAD_POINTER;
  const view = memory.view;
  if (view.getUint32(pointer + MessageField.headerBytes, true) !== MESSAGE_HEADER_BYTES) {
    return Refusal.BAD_MESSAGE;
  }
  const encoding = view.getUint8(pointer + MessageField.encoding);
  const flags = view.getUint8(pointer + MessageField.flags);
  if (encoding > ENCODING_LAST || (flags & ~FLAGS_KNOWN) !== 0) return Refusal.BAD_MESSAGE;
  if (!isSafeU64(view, pointer + MessageField.correlationId)) return Refusal.BAD_MESSAGE;
  if (!isSafeU64(view, pointer + MessageField.peer)) return Refusal.BAD_MESSAGE;
  const topicBytes = view.getUint32(pointer + MessageField.topicBytes, true);
  const payloadBytes = view.getUint32(pointer + MessageField.payloadBytes, true);
  if (topicBytes > limits.topicBytesMax || payloadBytes > limits.messageBytesMax) return Refusal.TOO_LARGE;
  const payloadStart = payloadOffset(topicBytes);
  if (payloadStart + payloadBytes > limits.messageBytesMax) return Refusal.TOO_LARGE;
  if (!memory.holds(pointer, payloadStart + payloadBytes)) return Refusal.BAD_POINTER;
  host.chargeMoved(payloadStart + payloadBytes);
  const topicStart = pointer + MESSAGE_HEADER_BYTES;
  if (!isUtf8(memory.bytes, topicStart, topicStart + topicBytes)) return Refusal.BAD_TEXT;
  out.pointer = pointer;
  out.bytes = payloadStart + payloadBytes;
  out.kind = view.getUint16(pointer + MessageField.kind, true) as MessageKind; // callers compare it with what they take
  out.encoding = encoding as Encoding; // checked above
  out.flags = flags;
  out.topicBytes = topicBytes;
  out.payloadStart = pointer + payloadStart;
  out.payloadBytes = payloadBytes;
  return 0;
}

/** True where the u64 at `offset` is below 2^53. */
function isSafeU64(view: DataView, offset: number): boolean {
  return view.getUint32(offset + 4, true) < TWO_21;
}

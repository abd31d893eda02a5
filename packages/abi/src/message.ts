/**
 * The one layout for everything that crosses the guest boundary: messages in, messages out, step contexts.
 *
 *   offset size field            in (host to guest)            out (guest to host)
 *   0      u32  headerBytes      48                            48
 *   4      u16  kind             MessageKind                   MESSAGE, ANSWER, TIMER or TASK
 *   6      u8   encoding         Encoding                      Encoding
 *   7      u8   flags            MessageFlag bits              ANSWER_WANTED, LAST_PART, ERROR
 *   8      u64  messageId        sender's message sequence     ignored
 *   16     u64  correlationId    request id this answers, or 0 for an answer: messageId of the request
 *   24     u64  peer             sender's handle (0: outside)  receiver's handle
 *   32     u64  tick             tick of delivery              ignored
 *   40     u32  topicBytes
 *   44     u32  payloadBytes
 *   48     topic (UTF-8), zero padding to a multiple of 8, payload
 *
 * Little endian. u64 fields hold values below 2^53. `message_ptr` is 8-byte aligned.
 */

export const MESSAGE_HEADER_BYTES = 48;

export const MessageField = {
  headerBytes: 0,
  kind: 4,
  encoding: 6,
  flags: 7,
  messageId: 8,
  correlationId: 16,
  peer: 24,
  tick: 32,
  topicBytes: 40,
  payloadBytes: 44,
} as const;

export const MessageKind = {
  MESSAGE: 0,
  ANSWER: 1,
  INFERENCE: 2,
  TOKEN: 3,
  TOOL: 4,
  TIMER: 5,
  START: 6,
  STOP: 7,
  /** Only in `agent_step` contexts and in `schedule`: a due task; topic is the task id. */
  TASK: 8,
  /** Only in `agent_step` contexts: the agent's cadence (`every`) is due. */
  CADENCE: 9,
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

export const Encoding = { BYTES: 0, JSON: 1, CBOR: 2, TENSOR: 3, TEXT: 4 } as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

export const MessageFlag = { ANSWER_WANTED: 1, LAST_PART: 2, ERROR: 4 } as const;

/** Decoded form; `topic` is text, `payload` may alias the bytes it was read from. */
export interface Message {
  readonly kind: MessageKind;
  readonly encoding: Encoding;
  readonly flags: number;
  readonly messageId: number;
  readonly correlationId: number;
  readonly peer: number;
  readonly tick: number;
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
}

const TWO_32 = 0x1_0000_0000;

/** Offset of the payload from the start of the message. */
export function payloadOffset(topicBytes: number): number {
  return (MESSAGE_HEADER_BYTES + topicBytes + 7) & ~7;
}

/** Total bytes of a message, without padding after the payload. */
export function messageBytes(topicBytes: number, payloadBytes: number): number {
  return payloadOffset(topicBytes) + payloadBytes;
}

/** Reads a u64 field as a number. Values of 2^53 and above come back inexact: check before trusting guests. */
export function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
}

export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

/** Encodes a message to bytes of its own. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = new Uint8Array(messageBytes(message.topic.length, message.payload.length));
  writeMessage(message, bytes, new DataView(bytes.buffer), 0);
  return bytes;
}

/** The same at `place` of bytes that may hold anything; `view` is over the same bytes. */
export function writeMessage(message: Message, bytes: Uint8Array, view: DataView, place: number): void {
  const { topic, payload } = message;
  const topicStart = place + MESSAGE_HEADER_BYTES;
  const start = place + payloadOffset(topic.length);
  view.setUint32(place + MessageField.headerBytes, MESSAGE_HEADER_BYTES, true);
  view.setUint16(place + MessageField.kind, message.kind, true);
  view.setUint8(place + MessageField.encoding, message.encoding);
  view.setUint8(place + MessageField.flags, message.flags);
  writeU64(view, place + MessageField.messageId, message.messageId);
  writeU64(view, place + MessageField.correlationId, message.correlationId);
  writeU64(view, place + MessageField.peer, message.peer);
  writeU64(view, place + MessageField.tick, message.tick);
  view.setUint32(place + MessageField.topicBytes, topic.length, true);
  view.setUint32(place + MessageField.payloadBytes, payload.length, true);
  bytes.set(topic, topicStart);
  for (let index = topicStart + topic.length; index < start; index += 1) bytes[index] = 0;
  bytes.set(payload, start);
}

/** Decodes bytes that this engine encoded; topic and payload alias `bytes`. The executor checks guest memory first. */
export function decodeMessage(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const topicBytes = view.getUint32(MessageField.topicBytes, true);
  const payloadBytes = view.getUint32(MessageField.payloadBytes, true);
  const start = payloadOffset(topicBytes);
  return {
    kind: view.getUint16(MessageField.kind, true) as MessageKind, // written by encodeMessage
    encoding: view.getUint8(MessageField.encoding) as Encoding, // written by encodeMessage
    flags: view.getUint8(MessageField.flags),
    messageId: readU64(view, MessageField.messageId),
    correlationId: readU64(view, MessageField.correlationId),
    peer: readU64(view, MessageField.peer),
    tick: readU64(view, MessageField.tick),
    topic: bytes.subarray(MESSAGE_HEADER_BYTES, MESSAGE_HEADER_BYTES + topicBytes),
    payload: bytes.subarray(start, start + payloadBytes),
  };
}

/**
 * Effect records of one turn in one growing buffer. It counts bytes also while suppressed, because refusals with
 * LIMIT depend on the count and executing a journal again must refuse alike.
 */

import {
  EFFECT_HEADER_BYTES,
  EffectField,
  EffectKind,
  LogLevel,
  MESSAGE_HEADER_BYTES,
  MessageField,
  assert,
  decodeEffects,
  decodeUtf8,
  effectBytes,
  limits,
  writeU64,
} from "@wasm-engine/abi";
import type { MessageKind } from "@wasm-engine/abi";
import type { GuestMessage } from "./guest-message.js";

const EMPTY = new Uint8Array(0);

/** Header fields of a record; the body follows. */
export interface EffectHeader {
  readonly kind: EffectKind;
  readonly level?: number;
  readonly requestId?: number;
  readonly ticks?: number;
}

/** Header fields of a message body that the host decides. */
export interface MessageStamp {
  readonly kind: MessageKind;
  readonly flags: number;
  readonly messageId: number;
  readonly keepPeer: boolean;
  readonly keepCorrelation: boolean;
}

export class EffectBuffer {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #usedBytes = 0;
  #suppressed = false;
  /** Index of the running invocation, stamped on every record. */
  invocation = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Starts a turn, or one suppressed invocation whose turn had already recorded `usedBytes`. */
  start(usedBytes = 0, suppressed = false): void {
    this.#usedBytes = usedBytes;
    this.#suppressed = suppressed;
    this.invocation = 0;
  }

  /** Discards the records of an invocation that did not complete. */
  truncate(usedBytes: number): void {
    assert(usedBytes <= this.#usedBytes, "truncation only shortens");
    this.#usedBytes = usedBytes;
  }

  /** Console lines of level ERROR recorded since `from`: what a guest said before it failed. */
  errorLines(from: number): string[] {
    if (this.#suppressed) return [];
    return decodeEffects(this.#bytes.subarray(from, this.#usedBytes))
      .filter(({ kind, level }) => kind === EffectKind.LOG && level === LogLevel.ERROR)
      .map(({ body }) => decodeUtf8(body) ?? "");
  }

  /** The turn's records as bytes of their own. */
  take(): Uint8Array {
    assert(!this.#suppressed, "suppressed effects are never taken");
    return this.#usedBytes === 0 ? EMPTY : this.#bytes.slice(0, this.#usedBytes);
  }

  /** True where a further record with `bodyBytes` fits into the turn. */
  fits(bodyBytes: number): boolean {
    return this.#usedBytes + effectBytes(bodyBytes) <= limits.turnEffectBytesMax;
  }

  /** Appends a record whose body is `body`. */
  append(header: EffectHeader, body: Uint8Array): void {
    const start = this.#begin(header, body.length);
    if (start >= 0) this.#bytes.set(body, start);
  }

  /** Appends a record whose body is a u64 and bytes. */
  appendHandle(header: EffectHeader, handle: number, rest: Uint8Array): void {
    const start = this.#begin(header, 8 + rest.length);
    if (start < 0) return;
    writeU64(this.#view, start, handle);
    this.#bytes.set(rest, start + 8);
  }

  /** Appends a record whose body is a checked guest message with the fields of the host in place. */
  appendMessage(header: EffectHeader, message: GuestMessage, stamp: MessageStamp, memory: Uint8Array): void {
    const start = this.#begin(header, message.bytes);
    if (start < 0) return;
    this.#bytes.set(memory.subarray(message.pointer, message.pointer + message.bytes), start);
    const view = this.#view;
    view.setUint16(start + MessageField.kind, stamp.kind, true);
    view.setUint8(start + MessageField.flags, stamp.flags);
    writeU64(view, start + MessageField.messageId, stamp.messageId);
    if (!stamp.keepCorrelation) writeU64(view, start + MessageField.correlationId, 0);
    if (!stamp.keepPeer) writeU64(view, start + MessageField.peer, 0);
    writeU64(view, start + MessageField.tick, 0);
    const topicEnd = start + MESSAGE_HEADER_BYTES + message.topicBytes;
    this.#bytes.fill(0, topicEnd, start + message.payloadStart - message.pointer);
  }

  /** Writes the record header and padding; returns the body's offset, or -1 while suppressed. */
  #begin(header: EffectHeader, bodyBytes: number): number {
    const recordBytes = effectBytes(bodyBytes);
    const start = this.#usedBytes;
    this.#usedBytes += recordBytes;
    assert(this.#usedBytes <= limits.turnEffectBytesMax, "callers ask whether a record fits");
    if (this.#suppressed) return -1;
    this.#reserve(this.#usedBytes);
    const view = this.#view;
    view.setUint32(start + EffectField.recordBytes, recordBytes, true);
    view.setUint8(start + EffectField.kind, header.kind);
    view.setUint8(start + EffectField.level, header.level ?? 0);
    view.setUint16(start + EffectField.invocation, this.invocation, true);
    view.setUint32(start + EffectField.requestId, header.requestId ?? 0, true);
    view.setInt32(start + EffectField.ticks, header.ticks ?? 0, true);
    view.setUint32(start + EffectField.bodyBytes, bodyBytes, true);
    view.setUint32(start + EffectField.bodyBytes + 4, 0, true);
    const body = start + EFFECT_HEADER_BYTES;
    this.#bytes.fill(0, body + bodyBytes, start + recordBytes);
    return body;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    let capacity = this.#bytes.length;
    while (capacity < bytes) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Effect records of one turn, written where the core reads them: straight into the outcome region, which may grow
 * meanwhile. It counts bytes also while suppressed, because refusals with LIMIT depend on the count and executing a
 * journal again must refuse alike.
 */

import {
  EFFECT_HEADER_BYTES,
  EffectField,
  EffectKind,
  LogLevel,
  MESSAGE_HEADER_BYTES,
  MessageField,
  MessageKind,
  assert,
  copyAligned,
  decodeEffects,
  decodeUtf8,
  effectBytes,
  limits,
  writeU64,
} from "@wasm-engine/abi";
import type { Region } from "@wasm-engine/abi";
import type { GuestMemory } from "./guest-memory.js";
import type { GuestMessage } from "./guest-message.js";

export class EffectBuffer {
  /** Undefined while suppressed. */
  #region: Region | undefined;
  /** Offset of the turn's first record in the region. */
  #start = 0;
  #usedBytes = 0;
  /** Index of the running invocation, stamped on every record. */
  invocation = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Starts a turn whose records lie in `region` from `start` on. */
  start(region: Region, start: number): void {
    this.#region = region;
    this.#start = start;
    this.#usedBytes = 0;
    this.invocation = 0;
  }

  /** Starts an invocation that leaves no records; its turn had recorded `usedBytes` before. */
  suppress(usedBytes: number): void {
    this.#region = undefined;
    this.#usedBytes = usedBytes;
    this.invocation = 0;
  }

  /** Discards the records of an invocation that did not complete. */
  truncate(usedBytes: number): void {
    assert(usedBytes <= this.#usedBytes, "truncation only shortens");
    this.#usedBytes = usedBytes;
  }

  /** Console lines of level ERROR recorded since `from`: what a guest said before it failed. */
  errorLines(from: number): string[] {
    if (this.#region === undefined) return [];
    const records = this.#region.bytes.slice(this.#start + from, this.#start + this.#usedBytes);
    return decodeEffects(records)
      .filter(({ kind, level }) => kind === EffectKind.LOG && level === LogLevel.ERROR)
      .map(({ body }) => decodeUtf8(body) ?? "");
  }

  /** True where a further record with `bodyBytes` fits into the turn. */
  fits(bodyBytes: number): boolean {
    return this.#usedBytes + effectBytes(bodyBytes) <= limits.turnEffectBytesMax;
  }

  /** Appends a record whose body is `body`; `level` of LOG, `requestId` of CANCEL. */
  append(
    kind: EffectKind,
    body: Uint8Array,
    header: { readonly level?: number; readonly requestId?: number },
  ): void {
    const start = this.#begin(kind, body.length, header.requestId ?? 0, 0);
    if (this.#region === undefined) return;
    this.#region.view.setUint8(start - EFFECT_HEADER_BYTES + EffectField.level, header.level ?? 0);
    this.#region.bytes.set(body, start);
  }

  /** Appends SPAWN: the child's handle and its specification. */
  appendSpawn(requestId: number, child: number, spec: Uint8Array): void {
    const start = this.#begin(EffectKind.SPAWN, 8 + spec.length, requestId, 0);
    if (this.#region === undefined) return;
    writeU64(this.#region.view, start, child);
    this.#region.bytes.set(spec, start + 8);
  }

  /**
   * Appends a record whose body is the checked message of the guest with the fields of the host in place. Only SEND
   * has a receiver, flags and, for answers, a correlation.
   */
  appendMessage(
    kind: EffectKind,
    message: GuestMessage,
    memory: GuestMemory,
    stamp: { readonly requestId: number; readonly ticks: number; readonly messageId: number },
  ): void {
    const start = this.#begin(kind, message.bytes, stamp.requestId, stamp.ticks);
    if (this.#region === undefined) return;
    const { bytes, view, words } = this.#region;
    copyAligned(memory.words, message.pointer, words, start, message.bytes);
    const isSend = kind === EffectKind.SEND;
    view.setUint16(start + MessageField.kind, message.kind, true);
    view.setUint8(start + MessageField.flags, isSend ? message.flags : 0);
    writeU64(view, start + MessageField.messageId, stamp.messageId);
    if (!isSend || message.kind !== MessageKind.ANSWER) writeU64(view, start + MessageField.correlationId, 0);
    if (!isSend) writeU64(view, start + MessageField.peer, 0);
    writeU64(view, start + MessageField.tick, 0);
    if (message.topicBytes % 8 === 0) return;
    const topicEnd = start + MESSAGE_HEADER_BYTES + message.topicBytes;
    bytes.fill(0, topicEnd, start + message.payloadStart - message.pointer);
  }

  /** Writes the record's header and padding; returns the offset of the body. */
  #begin(kind: EffectKind, bodyBytes: number, requestId: number, ticks: number): number {
    const recordBytes = effectBytes(bodyBytes);
    const start = this.#start + this.#usedBytes;
    this.#usedBytes += recordBytes;
    assert(this.#usedBytes <= limits.turnEffectBytesMax, "callers ask whether a record fits");
    if (this.#region === undefined) return 0;
    this.#region.reserve(start + recordBytes);
    const { view } = this.#region;
    view.setUint32(start + EffectField.recordBytes, recordBytes, true);
    view.setUint8(start + EffectField.kind, kind);
    view.setUint8(start + EffectField.level, 0);
    view.setUint16(start + EffectField.invocation, this.invocation, true);
    view.setUint32(start + EffectField.requestId, requestId, true);
    view.setInt32(start + EffectField.ticks, ticks, true);
    view.setUint32(start + EffectField.bodyBytes, bodyBytes, true);
    view.setUint32(start + EffectField.bodyBytes + 4, 0, true);
    if (bodyBytes % 8 !== 0) {
      view.setUint32(start + recordBytes - 8, 0, true);
      view.setUint32(start + recordBytes - 4, 0, true);
    }
    return start + EFFECT_HEADER_BYTES;
  }
}

/**
 * Effect records: what an agent asked for in a turn, as bytes. The executor writes them, the core reads them,
 * the effects digest covers them. A turn's effects are its records one after the other, in emission order.
 *
 *   offset size field
 *   0      u32  recordBytes     whole record, a multiple of 8
 *   4      u8   kind            EffectKind
 *   5      u8   level           LOG only: LogLevel; else 0
 *   6      u16  invocation      index of the invocation in the turn
 *   8      u32  requestId       > 0 where the host function returned an id, or CANCEL's id
 *   12     i32  ticks           timeout (-1 default, 0 never) or delay of SCHEDULE
 *   16     u32  bodyBytes
 *   20     u32  0
 *   24     body                 zero-padded to a multiple of 8
 *
 *   SEND, PUBLISH, SCHEDULE, TASK, INFER, CALL_TOOL: a message in the layout of message.ts with messageId = sender's
 *   sequence (0 where kind is not SEND or PUBLISH), tick = 0 · LOG: text (UTF-8, invalid sequences replaced) · JOIN,
 *   LEAVE: topic · SPAWN: u64 child handle, then JSON of the AgentSpec · EXIT: i32 code · CANCEL: empty.
 */

export const EFFECT_HEADER_BYTES = 24;

export const EffectField = {
  recordBytes: 0,
  kind: 4,
  level: 5,
  invocation: 6,
  requestId: 8,
  ticks: 12,
  bodyBytes: 16,
} as const;

export const EffectKind = {
  LOG: 1,
  SEND: 2,
  PUBLISH: 3,
  JOIN: 4,
  LEAVE: 5,
  SCHEDULE: 6,
  TASK: 7,
  CANCEL: 8,
  INFER: 9,
  CALL_TOOL: 10,
  SPAWN: 11,
  EXIT: 12,
} as const;
export type EffectKind = (typeof EffectKind)[keyof typeof EffectKind];

export const LogLevel = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** Decoded record; `body` aliases the bytes it was read from. */
export interface Effect {
  readonly kind: EffectKind;
  readonly level: number;
  readonly invocation: number;
  readonly requestId: number;
  readonly ticks: number;
  readonly body: Uint8Array;
}

/** Bytes of one record with a body of `bodyBytes`. */
export function effectBytes(bodyBytes: number): number {
  return (EFFECT_HEADER_BYTES + bodyBytes + 7) & ~7;
}

export function encodeEffect(effect: Effect): Uint8Array {
  const bytes = new Uint8Array(effectBytes(effect.body.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(EffectField.recordBytes, bytes.length, true);
  view.setUint8(EffectField.kind, effect.kind);
  view.setUint8(EffectField.level, effect.level);
  view.setUint16(EffectField.invocation, effect.invocation, true);
  view.setUint32(EffectField.requestId, effect.requestId, true);
  view.setInt32(EffectField.ticks, effect.ticks, true);
  view.setUint32(EffectField.bodyBytes, effect.body.length, true);
  bytes.set(effect.body, EFFECT_HEADER_BYTES);
  return bytes;
}

/** All records of a turn, in emission order. */
export function decodeEffects(bytes: Uint8Array): Effect[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const effects: Effect[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const bodyBytes = view.getUint32(offset + EffectField.bodyBytes, true);
    const start = offset + EFFECT_HEADER_BYTES;
    effects.push({
      kind: view.getUint8(offset + EffectField.kind) as EffectKind, // written by encodeEffect
      level: view.getUint8(offset + EffectField.level),
      invocation: view.getUint16(offset + EffectField.invocation, true),
      requestId: view.getUint32(offset + EffectField.requestId, true),
      ticks: view.getInt32(offset + EffectField.ticks, true),
      body: bytes.subarray(start, start + bodyBytes),
    });
    offset += view.getUint32(offset + EffectField.recordBytes, true);
  }
  return effects;
}

/**
 * The effect that is being committed, as a cursor over the records of a turn: one object for all effects of a tick, so
 * that a message costs no allocation. Bytes of the record lie in memory that threads share: what is kept of them or
 * read as text is copied first.
 */

import {
  EFFECT_HEADER_BYTES,
  EffectField,
  MessageField,
  copyAligned,
  decodeMessage,
  encodeMessage,
  readU64,
  writeU64,
  type AgentHandle,
  type EffectKind,
  type Message,
  type MessageKind,
  type Region,
} from "@wasm-engine/abi";
import type { Agent } from "./agent.js";
import { effectsStart } from "./turn-record.js";
import type { TickScope, WorldState } from "./world-state.js";

/** Where an effect comes from and its header; read it before the next one. */
export interface Emission {
  readonly world: WorldState;
  readonly scope: TickScope;
  agent: Agent;
  /** Tick that the turn was planned in. */
  plannedTick: number;
  /** Emission index in the turn. */
  index: number;
  kind: EffectKind;
  level: number;
  requestId: number;
  ticks: number;
  source: Region;
  bodyStart: number;
  bodyBytes: number;
}

/** Fields of a message that the host decides when it passes it on. */
export interface RelayedFields {
  readonly kind: MessageKind;
  readonly flags: number;
  readonly correlationId: number;
}

/** A cursor before the first effect of the turn of `agent`. */
export function createEmission(world: WorldState, scope: TickScope, agent: Agent): Emission {
  return {
    world,
    scope,
    agent,
    plannedTick: agent.record.plannedTick,
    index: -1,
    kind: 0 as EffectKind, // until the first effect
    level: 0,
    requestId: 0,
    ticks: 0,
    source: agent.record.source,
    bodyStart: 0,
    bodyBytes: 0,
  };
}

/** Reads the turn of `agent` next; returns where its effects begin. */
export function openTurn(emission: Emission, agent: Agent): number {
  emission.agent = agent;
  emission.plannedTick = agent.record.plannedTick;
  emission.source = agent.record.source;
  emission.index = -1;
  return effectsStart(agent.record);
}

/** Reads the header of the record at `start`; returns where the next one begins. */
export function readEffect(emission: Emission, start: number): number {
  const { view } = emission.source;
  emission.index += 1;
  emission.kind = view.getUint8(start + EffectField.kind) as EffectKind; // written by the executors
  emission.level = view.getUint8(start + EffectField.level);
  emission.requestId = view.getUint32(start + EffectField.requestId, true);
  emission.ticks = view.getInt32(start + EffectField.ticks, true);
  emission.bodyStart = start + EFFECT_HEADER_BYTES;
  emission.bodyBytes = view.getUint32(start + EffectField.bodyBytes, true);
  return start + view.getUint32(start + EffectField.recordBytes, true);
}

/** The body in bytes of the heap. */
export function bodyOf({ source, bodyStart, bodyBytes }: Emission): Uint8Array {
  return source.bytes.slice(bodyStart, bodyStart + bodyBytes);
}

/** The body as a message, in bytes of the heap. */
export function messageOf(emission: Emission): Message {
  return decodeMessage(bodyOf(emission));
}

/** Fields of the body, where it is a message. */
export function messageKindOf({ source, bodyStart }: Emission): MessageKind {
  return source.view.getUint16(bodyStart + MessageField.kind, true) as MessageKind; // checked by the executors
}

export function messagePeerOf({ source, bodyStart }: Emission): AgentHandle {
  return readU64(source.view, bodyStart + MessageField.peer) as AgentHandle; // one that is none finds nobody
}

export function messageIdOf({ source, bodyStart }: Emission): number {
  return readU64(source.view, bodyStart + MessageField.messageId);
}

/** The message as its receiver gets it: from this agent, deliverable from the next tick on. In bytes of the heap. */
export function relayed(emission: Emission, fields: RelayedFields): Uint8Array {
  const { agent, scope } = emission;
  const { kind, flags, correlationId } = fields;
  const message = messageOf(emission);
  return encodeMessage({ ...message, peer: agent.handle, tick: scope.mailTick, kind, flags, correlationId });
}

/** The same in the mail region, at a place that has been claimed for it: copied once and changed there. */
export function relayTo(emission: Emission, place: number, fields: RelayedFields): void {
  const { world, scope, agent, source, bodyStart, bodyBytes } = emission;
  const { region } = world.mail;
  copyAligned(source.words, bodyStart, region.words, place, bodyBytes);
  const { view } = region;
  view.setUint16(place + MessageField.kind, fields.kind, true);
  view.setUint8(place + MessageField.flags, fields.flags);
  writeU64(view, place + MessageField.correlationId, fields.correlationId);
  writeU64(view, place + MessageField.peer, agent.handle);
  writeU64(view, place + MessageField.tick, scope.mailTick);
}

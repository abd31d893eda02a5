/**
 * One turn of an agent from its plan to its landing. Every agent has one record, written anew for each turn, so that
 * ticks allocate nothing. What the turn did stays in the region that it was read from; a turn that does not land
 * in its tick takes it to the heap.
 */

import {
  OUTCOME_HASHED_OFFSET,
  OUTCOME_HEAD_BYTES,
  Region,
  assert,
  copyAligned,
  decodeUtf8,
  writeU64,
} from "@wasm-engine/abi";
import type { AgentHandle, FaultCode, OutcomeReader } from "@wasm-engine/abi";
import type { Ledger } from "../ports.js";
import type { Task } from "./task.js";
import { NO_BYTES } from "./world-state.js";

/** Bytes of a record between its start and its effects that the effects digest covers. */
const HASHED_HEAD_BYTES = OUTCOME_HEAD_BYTES - OUTCOME_HASHED_OFFSET;

/** Which work a turn covers beside mail, in the order of its invocations: mail comes after the start message. */
export interface TurnWork {
  readonly init: boolean;
  readonly start: boolean;
  readonly taskKeys: readonly string[];
  readonly cadence: boolean;
  readonly shutdown: boolean;
}

/** The common turn; shared, so that it costs neither an allocation nor a line of the cache. */
export const MAIL_ONLY: TurnWork = {
  init: false,
  start: false,
  taskKeys: [],
  cadence: false,
  shutdown: false,
};

/** The turn of an agent that acts by itself; shared likewise. */
export const CADENCE: TurnWork = { ...MAIL_ONLY, cadence: true };

/** What the landing of a turn consumed beside mail. */
export interface Landing {
  readonly tasksDone: readonly Task[];
  /** The task of the faulting invocation. */
  readonly taskFailed: Task | undefined;
  /** Message or task context of the faulting invocation; empty for init, cadence and shutdown. */
  readonly faultMessage: Uint8Array;
  readonly initialised: boolean;
  readonly cadenceRan: boolean;
  /** `shutdown` was called, with whatever result. */
  readonly shutDown: boolean;
}

/** The common landing: mail has been read, and nothing else has happened. */
export const NOTHING_ELSE: Landing = {
  tasksDone: [],
  taskFailed: undefined,
  faultMessage: NO_BYTES,
  initialised: false,
  cadenceRan: false,
  shutDown: false,
};

/** Mail has been read, and the cadence has run. */
export const CADENCE_RAN: Landing = { ...NOTHING_ELSE, cadenceRan: true };

export interface TurnRecord {
  plannedTick: number;
  planIndex: number;
  /** Tick in which the turn becomes visible. */
  visibleTick: number;
  /** Messages that its own tenant has paid; what is unused of them comes back when the turn becomes visible. */
  ownMessages: number;
  work: TurnWork;
  /** The oldest messages of the mailbox. */
  mailCount: number;
  /** Invocations that completed. */
  completed: number;
  /** Fuel charged: exact, or every slice begun in full where the turn faulted. */
  fuel: number;
  /** Why invocation `completed` ended the turn; 0: it did not. */
  faultCode: FaultCode | 0;
  /** GUEST_ERROR: the negative value that the guest returned, else 0. */
  guestCode: number;
  /** The agent's ledger after the turn; `streams` undefined: as before. */
  requests: number;
  messages: number;
  spawns: number;
  streams: Ledger["streams"] | undefined;
  /** Where the bytes lie that the effects digest covers: agent handle to last effect. */
  source: Region;
  hashedStart: number;
  effectBytes: number;
  landing: Landing;
}

function allocateHeap(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes);
}

/** Source of records that were never executed; never read. */
const nowhere = new Region(allocateHeap, 8);

export function createTurnRecord(): TurnRecord {
  return {
    plannedTick: -1,
    planIndex: 0,
    visibleTick: -1,
    ownMessages: 0,
    work: MAIL_ONLY,
    mailCount: 0,
    completed: 0,
    fuel: 0,
    faultCode: 0,
    guestCode: 0,
    requests: 0,
    messages: 0,
    spawns: 0,
    streams: undefined,
    source: nowhere,
    hashedStart: 0,
    effectBytes: 0,
    landing: NOTHING_ELSE,
  };
}

/** Takes over what the executors say at the cursor. */
export function readOutcome(record: TurnRecord, outcome: OutcomeReader, agent: AgentHandle): void {
  assert(outcome.agent === agent, "an outcome is of the agent that took the turn");
  record.completed = outcome.completed;
  record.fuel = outcome.fuel;
  record.faultCode = outcome.faultCode as FaultCode | 0; // written by OutcomeRegion
  record.guestCode = outcome.guestCode;
  record.requests = outcome.requests;
  record.messages = outcome.messages;
  record.spawns = outcome.spawns;
  record.streams = outcome.streamsBytes === 0 ? undefined : readStreams(outcome);
  record.source = outcome.region;
  record.hashedStart = outcome.start + OUTCOME_HASHED_OFFSET;
  record.effectBytes = outcome.effectBytes;
}

function readStreams(outcome: OutcomeReader): Ledger["streams"] {
  const { streamsStart, streamsBytes, region } = outcome;
  const text = decodeUtf8(region.bytes.slice(streamsStart, streamsStart + streamsBytes));
  assert(text !== undefined, "positions of streams are UTF-8");
  return JSON.parse(text) as [string, number][]; // written by the executors
}

/** Bytes that the effects digest covers. */
export function hashedBytes(record: TurnRecord): number {
  return HASHED_HEAD_BYTES + record.effectBytes;
}

/** Where the effects begin in the record's source. */
export function effectsStart(record: TurnRecord): number {
  return record.hashedStart + HASHED_HEAD_BYTES;
}

/** The effect records in bytes of their own. */
export function effectsOf(record: TurnRecord): Uint8Array {
  const start = effectsStart(record);
  return record.source.bytes.slice(start, start + record.effectBytes);
}

/** Moves what the turn did to the heap: it lands in a later tick. */
export function keepOutcome(record: TurnRecord): void {
  const bytes = hashedBytes(record);
  const kept = new Region(allocateHeap, bytes);
  copyAligned(record.source.words, record.hashedStart, kept.words, 0, bytes);
  record.source = kept;
  record.hashedStart = 0;
}

/** Gives a record the effects that a snapshot has of a turn that has not landed. */
export function restoreEffects(record: TurnRecord, agent: AgentHandle, effects: Uint8Array): void {
  const kept = new Region(allocateHeap, HASHED_HEAD_BYTES + effects.length);
  const { view } = kept;
  writeU64(view, 0, agent);
  view.setUint32(8, record.completed, true);
  writeU64(view, 12, record.fuel);
  view.setUint32(20, record.faultCode, true);
  view.setInt32(24, record.guestCode, true);
  view.setUint32(28, effects.length, true);
  kept.bytes.set(effects, HASHED_HEAD_BYTES);
  record.source = kept;
  record.hashedStart = 0;
  record.effectBytes = effects.length;
}

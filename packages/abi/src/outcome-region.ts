/**
 * What executed turns did, on its way to the core: one record per turn, in plan order among the turns of the
 * region. The last 32 bytes of a record's head and the effects are exactly what the effects digest covers.
 *
 *   offset size field
 *   0      u32  planIndex
 *   4      u32  streamsBytes      0: the positions of the random streams are as before
 *   8      u64  requests          the ledger after the turn
 *   16     u64  messages
 *   24     u64  spawns
 *   32     u64  agent handle      -- covered by the effects digest from here --
 *   40     u32  completed         invocations
 *   44     u64  fuel
 *   52     u32  fault code        0: none
 *   56     i32  guest code
 *   60     u32  effectBytes
 *   64     effects                records of effect.ts
 *          streams                UTF-8 JSON [[name, bytes drawn], …] sorted by name, padded to a multiple of 8
 */

import { assert } from "./assert.js";
import { readU64, writeU64 } from "./message.js";
import { Region } from "./region.js";
import type { AllocateBytes } from "./region.js";

export const OUTCOME_HEAD_BYTES = 64;
/** Where the part that the effects digest covers begins. */
export const OUTCOME_HASHED_OFFSET = 32;

/** The numbers of a finished turn. */
export interface TurnFigures {
  readonly completed: number;
  readonly fuel: number;
  /** 0: none. */
  readonly faultCode: number;
  readonly guestCode: number;
  readonly requests: number;
  readonly messages: number;
  readonly spawns: number;
}

/** Writer of one region. Effects are written by the effect buffer between `beginTurn` and `finishTurn`. */
export class OutcomeRegion {
  readonly region: Region;
  #usedBytes = 0;
  #start = 0;

  constructor(allocate: AllocateBytes, initialBytes: number) {
    this.region = new Region(allocate, initialBytes);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  begin(): void {
    this.#usedBytes = 0;
  }

  /** Returns the offset at which the effects of the turn begin. */
  beginTurn(agent: number, planIndex: number): number {
    this.#start = this.#usedBytes;
    const effects = this.#start + OUTCOME_HEAD_BYTES;
    this.region.reserve(effects);
    const { view } = this.region;
    view.setUint32(this.#start, planIndex, true);
    writeU64(view, this.#start + OUTCOME_HASHED_OFFSET, agent);
    return effects;
  }

  /** `streams` only where positions have changed. */
  finishTurn(figures: TurnFigures, effectBytes: number, streams?: Uint8Array): void {
    assert(effectBytes % 8 === 0, "effect records are multiples of 8");
    const start = this.#start;
    const streamsBytes = streams?.length ?? 0;
    const end = start + OUTCOME_HEAD_BYTES + effectBytes + ((streamsBytes + 7) & ~7);
    this.region.reserve(end);
    const { view } = this.region;
    view.setUint32(start + 4, streamsBytes, true);
    writeU64(view, start + 8, figures.requests);
    writeU64(view, start + 16, figures.messages);
    writeU64(view, start + 24, figures.spawns);
    view.setUint32(start + 40, figures.completed, true);
    writeU64(view, start + 44, figures.fuel);
    view.setUint32(start + 52, figures.faultCode, true);
    view.setInt32(start + 56, figures.guestCode, true);
    view.setUint32(start + 60, effectBytes, true);
    if (streams !== undefined) this.region.bytes.set(streams, start + OUTCOME_HEAD_BYTES + effectBytes);
    this.#usedBytes = end;
  }
}

/** Cursor of the core over one region: records are read in the order in which they were written. */
export class OutcomeReader {
  readonly region: Region;
  #next = 0;
  #start = 0;

  constructor(region: Region) {
    this.region = region;
  }

  /** Returns to the first record. */
  begin(): void {
    this.#next = 0;
  }

  /** Moves to the record of `planIndex`, which must be the next one. */
  advance(planIndex: number): void {
    const { view } = this.region;
    this.#start = this.#next;
    assert(view.getUint32(this.#start, true) === planIndex, "outcomes follow the plan");
    this.#next = this.streamsStart + ((this.streamsBytes + 7) & ~7);
  }

  /** Offset of the record in the region. */
  get start(): number {
    return this.#start;
  }

  get streamsBytes(): number {
    return this.region.view.getUint32(this.#start + 4, true);
  }

  get streamsStart(): number {
    return this.#start + OUTCOME_HEAD_BYTES + this.effectBytes;
  }

  get requests(): number {
    return readU64(this.region.view, this.#start + 8);
  }

  get messages(): number {
    return readU64(this.region.view, this.#start + 16);
  }

  get spawns(): number {
    return readU64(this.region.view, this.#start + 24);
  }

  get agent(): number {
    return readU64(this.region.view, this.#start + 32);
  }

  get completed(): number {
    return this.region.view.getUint32(this.#start + 40, true);
  }

  get fuel(): number {
    return readU64(this.region.view, this.#start + 44);
  }

  get faultCode(): number {
    return this.region.view.getUint32(this.#start + 52, true);
  }

  get guestCode(): number {
    return this.region.view.getInt32(this.#start + 56, true);
  }

  get effectBytes(): number {
    return this.region.view.getUint32(this.#start + 60, true);
  }

  get effectsStart(): number {
    return this.#start + OUTCOME_HEAD_BYTES;
  }
}

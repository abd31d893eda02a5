/**
 * Turns of one tick on their way to whoever executes them: written by the core in plan order, read in place.
 *
 *   offset size field
 *   0      u64  tick
 *   8      i64  timeNanos         virtual time of the tick since 1970-01-01T00:00:00Z
 *   16     u32  turnCount
 *   20     u32  usedBytes         all of it, this header included
 *   24     turns one after the other:
 *     0    u64  agent handle
 *     8    u32  planIndex         place in the plan of the whole tick
 *     12   u32  invocationCount
 *     16   invocations one after the other:
 *       0  u32  entry             EntryCode
 *       4  u32  messageBytes      0 where the entry takes none
 *       8  u32  mailOffset        in the mail region of the tick, or INLINE
 *       12 u32  0
 *       16 message, where INLINE and messageBytes > 0, padded to a multiple of 8
 */

import { assert } from "./assert.js";
import { readU64, writeU64 } from "./message.js";
import { Region } from "./region.js";
import type { AllocateBytes } from "./region.js";

export const EntryCode = { INIT: 0, RECEIVE: 1, STEP: 2, SHUTDOWN: 3 } as const;
export type EntryCode = (typeof EntryCode)[keyof typeof EntryCode];

/** The message follows its invocation. */
export const INLINE = 0xffff_ffff;

const HEADER_BYTES = 24;
const TURN_BYTES = 16;
const INVOCATION_BYTES = 16;

/** Writer of one region. */
export class TurnRegion {
  readonly region: Region;
  #usedBytes = HEADER_BYTES;
  #turnCount = 0;
  #turnStart = 0;
  #invocationCount = 0;

  constructor(allocate: AllocateBytes, initialBytes: number) {
    assert(initialBytes >= HEADER_BYTES, "a region holds its header");
    this.region = new Region(allocate, initialBytes);
  }

  get turnCount(): number {
    return this.#turnCount;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  begin(tick: number, timeNanos: bigint): void {
    const { view } = this.region;
    writeU64(view, 0, tick);
    view.setBigInt64(8, timeNanos, true);
    this.#usedBytes = HEADER_BYTES;
    this.#turnCount = 0;
    this.#store();
  }

  beginTurn(agent: number, planIndex: number): void {
    const start = this.#claim(TURN_BYTES);
    const { view } = this.region;
    writeU64(view, start, agent);
    view.setUint32(start + 8, planIndex, true);
    view.setUint32(start + 12, 0, true);
    this.#turnStart = start;
    this.#invocationCount = 0;
    this.#turnCount += 1;
    this.#store();
  }

  /** `init` and `shutdown`. */
  invoke(entry: EntryCode): void {
    this.#invocation(entry, 0, INLINE, 0);
  }

  /** A message that lies in the mail region of the tick. */
  invokeWithMail(entry: EntryCode, mailOffset: number, messageBytes: number): void {
    this.#invocation(entry, messageBytes, mailOffset, 0);
  }

  /** A message of the core's heap: it is copied. */
  invokeWithMessage(entry: EntryCode, message: Uint8Array): void {
    const start = this.#invocation(entry, message.length, INLINE, (message.length + 7) & ~7);
    this.region.bytes.set(message, start + INVOCATION_BYTES);
  }

  #invocation(entry: EntryCode, messageBytes: number, mailOffset: number, inlineBytes: number): number {
    const start = this.#claim(INVOCATION_BYTES + inlineBytes);
    const { view } = this.region;
    view.setUint32(start, entry, true);
    view.setUint32(start + 4, messageBytes, true);
    view.setUint32(start + 8, mailOffset, true);
    view.setUint32(start + 12, 0, true);
    this.#invocationCount += 1;
    view.setUint32(this.#turnStart + 12, this.#invocationCount, true);
    this.#store();
    return start;
  }

  #claim(bytes: number): number {
    const start = this.#usedBytes;
    this.#usedBytes += bytes;
    this.region.reserve(this.#usedBytes);
    return start;
  }

  #store(): void {
    this.region.view.setUint32(16, this.#turnCount, true);
    this.region.view.setUint32(20, this.#usedBytes, true);
  }
}

/** Reader of one region: `nextTurn`, then `nextInvocation` as often as there are invocations. */
export class TurnReader {
  #view: DataView = new DataView(new ArrayBuffer(HEADER_BYTES));
  #bytes: Uint8Array = new Uint8Array(this.#view.buffer);
  #offset = HEADER_BYTES;
  #turnsLeft = 0;
  agent = 0;
  planIndex = 0;
  invocationCount = 0;
  entry: EntryCode = EntryCode.INIT;
  /** Bytes and place of the invocation's message; `messageBytes` 0: none. */
  messageBytes = 0;
  messageStart = 0;
  /** The buffer that `messageStart` points into. */
  messageSource: Uint8Array = this.#bytes;

  /** Reads from the start of `region`. */
  open(region: Region): void {
    this.#view = region.view;
    this.#bytes = region.bytes;
    this.#offset = HEADER_BYTES;
    this.#turnsLeft = this.#view.getUint32(16, true);
  }

  get tick(): number {
    return readU64(this.#view, 0);
  }

  get timeNanos(): bigint {
    return this.#view.getBigInt64(8, true);
  }

  get turnCount(): number {
    return this.#view.getUint32(16, true);
  }

  /** False after the last turn. */
  nextTurn(): boolean {
    if (this.#turnsLeft === 0) return false;
    this.#turnsLeft -= 1;
    this.agent = readU64(this.#view, this.#offset);
    this.planIndex = this.#view.getUint32(this.#offset + 8, true);
    this.invocationCount = this.#view.getUint32(this.#offset + 12, true);
    this.#offset += TURN_BYTES;
    return true;
  }

  /** Must be called `invocationCount` times per turn, also where the turn ends early. */
  nextInvocation(mail: Uint8Array): void {
    const view = this.#view;
    const start = this.#offset;
    this.entry = view.getUint32(start, true) as EntryCode; // written by TurnRegion
    this.messageBytes = view.getUint32(start + 4, true);
    const mailOffset = view.getUint32(start + 8, true);
    this.#offset = start + INVOCATION_BYTES;
    if (mailOffset === INLINE) {
      this.messageSource = this.#bytes;
      this.messageStart = this.#offset;
      this.#offset += (this.messageBytes + 7) & ~7;
    } else {
      this.messageSource = mail;
      this.messageStart = mailOffset;
    }
  }
}

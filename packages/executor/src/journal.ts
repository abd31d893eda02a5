/**
 * The journal of one agent: its committed invocations since its base, with message bytes and the answers of
 * `lookup`. Base and journal together are the agent's state; executing a journal again is done elsewhere. Entries
 * lie one after the other in one buffer, so that a turn that appends allocates nothing and touches little memory:
 *
 *   number (f64) 0 tick · 1 fuel · 2, 3 virtual time (high, low 32 bits) · 4 bytes of the message · 5 answers of
 *   lookup · 6 messages of the turn before × 4 + EntryCode · 7 effect bytes of the turn before
 *   then the answers (f64 each), then the message, padded to a multiple of 8
 */

import { Words, assert, copyAligned } from "@wasm-engine/abi";
import type { AgentHandle, EntryCode } from "@wasm-engine/abi";
import type { Entry, JournalEntry } from "./executor-contract.js";
import type { Invocation } from "./guest-call.js";
import { bufferKeptBytesMax, journalEntryBytes } from "./limits.js";

const BUFFER_FIRST_BYTES = 1024;
const ENTRIES: readonly Entry[] = ["init", "receive", "step", "shutdown"];

/** What the turn knows about an invocation that it commits. */
export interface CommittedInvocation {
  readonly tick: number;
  /** The virtual time: its upper and its lower 32 bits. */
  readonly timeHigh: number;
  readonly timeLow: number;
  readonly turnMessages: number;
  readonly turnEffectBytes: number;
  readonly lookups: readonly AgentHandle[];
  readonly fuel: number;
}

export class Journal {
  #words = new Words(new Uint8Array(0));
  #numbers = new Float64Array(0);
  #usedBytes = 0;
  #length = 0;
  #fuel = 0;

  get length(): number {
    return this.#length;
  }

  /** What keeping it costs. */
  get bytes(): number {
    return this.#usedBytes;
  }

  /** What executing it again costs. */
  get fuel(): number {
    return this.#fuel;
  }

  /** Appends an invocation with a copy of its message. */
  append(invocation: Invocation, committed: CommittedInvocation): void {
    const { messageBytes } = invocation;
    const { lookups, fuel } = committed;
    const messageStart = this.#usedBytes + journalEntryBytes + lookups.length * 8;
    const end = messageStart + ((messageBytes + 7) & ~7);
    if (end > this.#words.bytes.length) this.#reserve(end);
    const numbers = this.#numbers;
    const at = this.#usedBytes >> 3;
    numbers[at] = committed.tick;
    numbers[at + 1] = fuel;
    numbers[at + 2] = committed.timeHigh;
    numbers[at + 3] = committed.timeLow;
    numbers[at + 4] = messageBytes;
    numbers[at + 5] = lookups.length;
    numbers[at + 6] = committed.turnMessages * 4 + invocation.entry;
    numbers[at + 7] = committed.turnEffectBytes;
    for (let index = 0; index < lookups.length; index += 1) numbers[at + 8 + index] = lookups[index] ?? 0;
    copyAligned(invocation.source, invocation.messageStart, this.#words, messageStart, messageBytes);
    this.#usedBytes = end;
    this.#fuel += fuel;
    this.#length += 1;
  }

  /** A cursor before the first entry. It is valid until the journal changes. */
  read(): JournalReader {
    return new JournalReader(this.#words, this.#numbers, this.#length);
  }

  /** Entries as plain data, with messages of their own. */
  entries(): readonly JournalEntry[] {
    const reader = this.read();
    return Array.from({ length: this.#length }, () => {
      reader.next();
      return reader.entry();
    });
  }

  /** Appends what {@link entries} gave. */
  appendEntry(entry: JournalEntry): void {
    const { message = new Uint8Array(0) } = entry;
    const time = BigInt.asUintN(64, entry.timeNanos);
    const code = ENTRIES.indexOf(entry.entry) as EntryCode; // names of EntryCode in order
    const source = new Words(message.slice());
    this.append(
      { entry: code, source, messageStart: 0, messageBytes: message.length },
      { ...entry, timeHigh: Number(time >> 32n), timeLow: Number(time & 0xffff_ffffn) },
    );
  }

  /** Forgets the entries from `length` on: they did not become state. */
  truncate(length: number): void {
    assert(length <= this.#length, "truncation only shortens");
    if (length === this.#length) return;
    const reader = this.read();
    let fuel = 0;
    for (let index = 0; index < length; index += 1) {
      reader.next();
      fuel += reader.fuel;
    }
    this.#usedBytes = reader.end;
    this.#fuel = fuel;
    this.#length = length;
  }

  /** Forgets the first `count` entries: they have become part of the base. */
  drop(count: number): void {
    if (count === this.#length) return this.clear();
    const reader = this.read();
    for (let index = 0; index < count; index += 1) {
      reader.next();
      this.#fuel -= reader.fuel;
    }
    this.#words.bytes.copyWithin(0, reader.end, this.#usedBytes);
    this.#usedBytes -= reader.end;
    this.#length -= count;
  }

  clear(): void {
    this.#length = 0;
    this.#usedBytes = 0;
    this.#fuel = 0;
    if (this.#words.bytes.length <= bufferKeptBytesMax) return;
    this.#words = new Words(new Uint8Array(0));
    this.#numbers = new Float64Array(0);
  }

  #reserve(bytes: number): void {
    let capacity = Math.max(BUFFER_FIRST_BYTES, this.#words.bytes.length);
    while (capacity < bytes) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.#words.bytes.subarray(0, this.#usedBytes));
    this.#words = new Words(grown);
    this.#numbers = new Float64Array(grown.buffer);
  }
}

/** Reads entries in order: `next`, then the fields. */
export class JournalReader {
  readonly #words: Words;
  readonly #numbers: Float64Array;
  #left: number;
  #at = 0;
  /** Where the entry ends and the next one begins. */
  end = 0;

  constructor(words: Words, numbers: Float64Array, length: number) {
    this.#words = words;
    this.#numbers = numbers;
    this.#left = length;
  }

  next(): void {
    assert(this.#left > 0, "entry is in the journal");
    this.#left -= 1;
    this.#at = this.end >> 3;
    this.end = this.messageStart + ((this.messageBytes + 7) & ~7);
  }

  get tick(): number {
    return this.#number(0);
  }

  get fuel(): number {
    return this.#number(1);
  }

  get timeNanos(): bigint {
    return BigInt.asIntN(64, (BigInt(this.#number(2)) << 32n) | BigInt(this.#number(3)));
  }

  get messageBytes(): number {
    return this.#number(4);
  }

  get messageStart(): number {
    return (this.#at + this.#number(5)) * 8 + journalEntryBytes;
  }

  /** Answers of `lookup` in order; 0 for NOT_FOUND. */
  get lookups(): readonly AgentHandle[] {
    const first = this.#at + 8;
    return Array.from(this.#numbers.subarray(first, first + this.#number(5))) as AgentHandle[]; // written by append
  }

  get code(): EntryCode {
    return (this.#number(6) % 4) as EntryCode; // written by append
  }

  /** Messages of the turn before the invocation. */
  get turnMessages(): number {
    return Math.floor(this.#number(6) / 4);
  }

  /** Effect bytes of the turn before the invocation. */
  get turnEffectBytes(): number {
    return this.#number(7);
  }

  /** Makes `out` the call; its message lies in the journal. */
  readInvocation(out: Invocation): void {
    out.entry = this.code;
    out.source = this.#words;
    out.messageStart = this.messageStart;
    out.messageBytes = this.messageBytes;
  }

  entry(): JournalEntry {
    const { tick, timeNanos, turnMessages, turnEffectBytes, lookups, fuel, messageStart, messageBytes } =
      this;
    const entry = ENTRIES[this.code] ?? "init";
    const plain = { tick, timeNanos, entry, turnMessages, turnEffectBytes, lookups, fuel };
    if (messageBytes === 0) return plain;
    return { ...plain, message: this.#words.bytes.slice(messageStart, messageStart + messageBytes) };
  }

  #number(index: number): number {
    return this.#numbers[this.#at + index] ?? 0;
  }
}

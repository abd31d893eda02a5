/**
 * The journal of one agent: its committed invocations since its base, with message bytes and the answers of
 * `lookup`. Base and journal together are the agent's state; executing a journal again is done elsewhere. Entries
 * are numbers in one array, so that a turn that appends allocates nothing:
 *
 *   word 0 tick · 1 fuel · 2, 3 virtual time (high, low 32 bits) · 4 place of the message · 5 its bytes, -1: none
 *        6 messages of the turn before × 4 + EntryCode · 7 effect bytes of the turn before
 */

import { EntryCode, Region, assert, copyAligned } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { Entry, JournalEntry } from "./executor-contract.js";
import type { Invocation } from "./guest-call.js";
import { arenaKeptBytesMax, journalEntryBytes } from "./limits.js";

const ENTRY_WORDS = 8;
const ENTRIES_FIRST = 8;
const ARENA_FIRST_BYTES = 1024;
const ENTRIES: readonly Entry[] = ["init", "receive", "step", "shutdown"];
const NO_LOOKUPS: readonly AgentHandle[] = [];

assert(ENTRY_WORDS * 8 === journalEntryBytes, "an entry costs what is accounted");

/** What the turn knows about an invocation that it commits. */
export interface CommittedInvocation {
  readonly tick: number;
  readonly timeHigh: number;
  readonly timeLow: number;
  readonly turnMessages: number;
  readonly turnEffectBytes: number;
  readonly lookups: readonly AgentHandle[];
  readonly fuel: number;
}

export class Journal {
  #words = new Float64Array(0);
  #length = 0;
  #arena: Region | undefined;
  #arenaUsedBytes = 0;
  #fuel = 0;
  /** Answers of `lookup` by entry, for those that asked. */
  #lookups: Map<number, readonly AgentHandle[]> | undefined;

  get length(): number {
    return this.#length;
  }

  /** What keeping it costs. */
  get bytes(): number {
    return this.#arenaUsedBytes + this.#length * journalEntryBytes;
  }

  /** What executing it again costs. */
  get fuel(): number {
    return this.#fuel;
  }

  /** Appends an invocation with a copy of its message. */
  append(invocation: Invocation, committed: CommittedInvocation): void {
    const at = this.#length * ENTRY_WORDS;
    if (at === this.#words.length) this.#grow();
    const words = this.#words;
    const { messageBytes, source } = invocation;
    words[at] = committed.tick;
    words[at + 1] = committed.fuel;
    words[at + 2] = committed.timeHigh;
    words[at + 3] = committed.timeLow;
    words[at + 4] = this.#arenaUsedBytes;
    words[at + 5] = messageBytes > 0 ? messageBytes : -1;
    words[at + 6] = committed.turnMessages * 4 + invocation.entry;
    words[at + 7] = committed.turnEffectBytes;
    if (messageBytes > 0) {
      const start = this.#claim(messageBytes);
      copyAligned(source, invocation.messageStart, start.words, this.#arenaUsedBytes, messageBytes);
      this.#arenaUsedBytes += (messageBytes + 7) & ~7;
    }
    if (committed.lookups.length > 0) {
      this.#lookups ??= new Map();
      this.#lookups.set(this.#length, [...committed.lookups]);
    }
    this.#fuel += committed.fuel;
    this.#length += 1;
  }

  /** Makes `out` the call of entry `index`; its message lies in the journal. */
  readInvocation(index: number, out: Invocation): void {
    const at = this.#at(index);
    out.entry = ((this.#words[at + 6] ?? 0) & 3) as EntryCode; // written by append
    out.messageStart = this.#words[at + 4] ?? 0;
    out.messageBytes = Math.max(0, this.#words[at + 5] ?? 0);
    if (this.#arena !== undefined) out.source = this.#arena.words;
  }

  tick(index: number): number {
    return this.#words[this.#at(index)] ?? 0;
  }

  fuelOf(index: number): number {
    return this.#words[this.#at(index) + 1] ?? 0;
  }

  timeNanos(index: number): bigint {
    const at = this.#at(index);
    const high = BigInt(this.#words[at + 2] ?? 0);
    return BigInt.asIntN(64, (high << 32n) | BigInt(this.#words[at + 3] ?? 0));
  }

  /** Messages of the turn before the invocation. */
  turnMessages(index: number): number {
    return Math.floor((this.#words[this.#at(index) + 6] ?? 0) / 4);
  }

  /** Effect bytes of the turn before the invocation. */
  turnEffectBytes(index: number): number {
    return this.#words[this.#at(index) + 7] ?? 0;
  }

  lookups(index: number): readonly AgentHandle[] {
    return this.#lookups?.get(index) ?? NO_LOOKUPS;
  }

  /** Entries as plain data, with messages of their own. */
  entries(): readonly JournalEntry[] {
    return Array.from({ length: this.#length }, (_, index) => this.#entry(index));
  }

  /** Appends what {@link entries} gave. */
  appendEntry(entry: JournalEntry): void {
    const { message, timeNanos } = entry;
    const time = BigInt.asUintN(64, timeNanos);
    const source = new Int32Array(((message?.length ?? 0) + 3) >> 2);
    if (message !== undefined) new Uint8Array(source.buffer).set(message);
    const code = ENTRIES.indexOf(entry.entry) as EntryCode; // names of EntryCode in order
    this.append(
      { entry: code, source, messageStart: 0, messageBytes: message?.length ?? 0 },
      { ...entry, timeHigh: Number(time >> 32n), timeLow: Number(time & 0xffff_ffffn) },
    );
  }

  /** Forgets the entries from `length` on: they did not become state. */
  truncate(length: number): void {
    assert(length <= this.#length, "truncation only shortens");
    if (length === this.#length) return;
    this.#arenaUsedBytes = this.#words[length * ENTRY_WORDS + 4] ?? 0;
    for (let index = length; index < this.#length; index += 1) {
      this.#fuel -= this.fuelOf(index);
      this.#lookups?.delete(index);
    }
    this.#length = length;
  }

  /** Forgets the first `count` entries: they have become part of the base. */
  drop(count: number): void {
    const rest = count === this.#length ? [] : this.entries().slice(count);
    this.clear();
    for (const entry of rest) this.appendEntry(entry);
  }

  clear(): void {
    this.#length = 0;
    this.#arenaUsedBytes = 0;
    this.#fuel = 0;
    this.#lookups = undefined;
    if (this.#words.length * 8 > arenaKeptBytesMax) this.#words = new Float64Array(0);
    if (this.#arena !== undefined && this.#arena.capacity > arenaKeptBytesMax) this.#arena = undefined;
  }

  #entry(index: number): JournalEntry {
    const at = this.#at(index);
    const [start, bytes] = [this.#words[at + 4] ?? 0, this.#words[at + 5] ?? -1];
    const entry: JournalEntry = {
      tick: this.tick(index),
      timeNanos: this.timeNanos(index),
      entry: ENTRIES[(this.#words[at + 6] ?? 0) & 3] ?? "init",
      turnMessages: this.turnMessages(index),
      turnEffectBytes: this.turnEffectBytes(index),
      lookups: [...this.lookups(index)],
      fuel: this.fuelOf(index),
    };
    if (bytes < 0 || this.#arena === undefined) return entry;
    return { ...entry, message: this.#arena.bytes.slice(start, start + bytes) };
  }

  #at(index: number): number {
    assert(index >= 0 && index < this.#length, "entry is in the journal");
    return index * ENTRY_WORDS;
  }

  #grow(): void {
    const grown = new Float64Array(Math.max(ENTRIES_FIRST * ENTRY_WORDS, this.#words.length * 2));
    grown.set(this.#words);
    this.#words = grown;
  }

  /** The arena with room for `bytes` more. */
  #claim(bytes: number): Region {
    this.#arena ??= new Region((size) => new ArrayBuffer(size), ARENA_FIRST_BYTES);
    this.#arena.reserve(this.#arenaUsedBytes + bytes + 8);
    return this.#arena;
  }
}

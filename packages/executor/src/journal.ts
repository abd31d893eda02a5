/**
 * The journal of one agent: its committed invocations since its base, with message bytes and the answers of
 * `lookup`. Base and journal together are the agent's state; executing a journal again is done elsewhere.
 */

import { assert } from "@wasm-engine/abi";
import type { JournalEntry } from "./executor-contract.js";
import { arenaKeptBytesMax, journalEntryBytes } from "./limits.js";

/** A journal entry without its message. */
export type EntryHead = Omit<JournalEntry, "message">;

/** A committed invocation; its message lies in the journal's arena. */
interface StoredEntry {
  readonly head: EntryHead;
  /** -1 where the invocation has no message. */
  readonly messageStart: number;
  readonly messageEnd: number;
}

export class Journal {
  #entries: StoredEntry[] = [];
  #arena = new Uint8Array(0);
  #arenaUsedBytes = 0;
  #fuel = 0;

  get length(): number {
    return this.#entries.length;
  }

  /** What keeping it costs. */
  get bytes(): number {
    return this.#arenaUsedBytes + this.#entries.length * journalEntryBytes;
  }

  /** What executing it again costs. */
  get fuel(): number {
    return this.#fuel;
  }

  /** Keeps `head` as it is and a copy of `message`. */
  append(head: EntryHead, message: Uint8Array | undefined): void {
    const messageStart = message === undefined ? -1 : this.#arenaUsedBytes;
    if (message !== undefined) this.#store(message);
    this.#fuel += head.fuel;
    this.#entries.push({ head, messageStart, messageEnd: this.#arenaUsedBytes });
  }

  /** Entry `index`; its message aliases the journal. */
  entry(index: number): JournalEntry {
    const stored = this.#entries[index];
    assert(stored !== undefined, "entry is in the journal");
    const { head, messageStart, messageEnd } = stored;
    if (messageStart < 0) return head;
    return { ...head, message: this.#arena.subarray(messageStart, messageEnd) };
  }

  /** Entries from `first` on, with messages of their own. */
  slice(first: number): readonly JournalEntry[] {
    return this.#entries.slice(first).map((_, index) => {
      const entry = this.entry(first + index);
      return entry.message === undefined ? entry : { ...entry, message: entry.message.slice() };
    });
  }

  /** Forgets the entries from `length` on: they did not become state. */
  truncate(length: number): void {
    assert(length <= this.#entries.length, "truncation only shortens");
    const first = this.#entries[length];
    if (first === undefined) return;
    const kept = this.#entries.slice(0, length);
    this.#entries = kept;
    this.#arenaUsedBytes = kept.reduce((end, entry) => Math.max(end, entry.messageEnd), 0);
    this.#fuel = kept.reduce((sum, entry) => sum + entry.head.fuel, 0);
  }

  /** Forgets the first `count` entries: they have become part of the base. */
  drop(count: number): void {
    const rest = this.slice(count);
    this.clear();
    for (const { message, ...head } of rest) this.append(head, message);
  }

  clear(): void {
    this.#entries = [];
    this.#arenaUsedBytes = 0;
    this.#fuel = 0;
    if (this.#arena.length > arenaKeptBytesMax) this.#arena = new Uint8Array(0);
  }

  #store(message: Uint8Array): void {
    const end = this.#arenaUsedBytes + message.length;
    if (end > this.#arena.length) {
      const grown = new Uint8Array(Math.max(end, this.#arena.length * 2, 1024));
      grown.set(this.#arena.subarray(0, this.#arenaUsedBytes));
      this.#arena = grown;
    }
    this.#arena.set(message, this.#arenaUsedBytes);
    this.#arenaUsedBytes = end;
  }
}

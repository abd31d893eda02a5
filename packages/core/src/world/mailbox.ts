/**
 * Messages that wait for one agent, oldest first: bytes of the heap, or the place in the mail region of the next tick.
 * Owns their order; who may be enqueued is decided at commit.
 */

import { EntryCode, MessageField, assert, type MessageKind, type TurnRegion } from "@wasm-engine/abi";
import type { MailStore } from "./mail-store.js";

/** Consumed entries are kept until there are this many, so that taking from the front costs nothing. */
const compactionCount = 64;

/** What stands where a message was. */
const CONSUMED = -1;

export class Mailbox {
  readonly #store: MailStore;
  /** Places in the region, or bytes. Entries before the head and behind the tail are CONSUMED. */
  #entries: (Uint8Array | number)[] = [];
  #headIndex = 0;
  #tailIndex = 0;
  #bytes = 0;
  /** The last tick whose mail region this mailbox has held places of. */
  #heldTick = -1;

  constructor(store: MailStore, messages: readonly Uint8Array[] = []) {
    this.#store = store;
    for (const message of messages) this.push(message);
  }

  /** Bytes of all messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#tailIndex - this.#headIndex;
  }

  /** The message in bytes of the heap. */
  at(index: number): Uint8Array {
    const entry = this.#entry(index);
    return typeof entry === "number" ? this.#store.messageAt(entry) : entry;
  }

  push(message: Uint8Array): void {
    this.#append(message, message.length);
  }

  /** Appends the message of `bytes` at `place` of the mail region. */
  pushPlace(place: number, bytes: number): void {
    if (this.#heldTick !== this.#store.tick) {
      this.#heldTick = this.#store.tick;
      this.#store.hold(this);
    }
    this.#store.countPlaces(1);
    this.#append(place, bytes);
  }

  kindAt(index: number): MessageKind {
    const entry = this.#entry(index);
    if (typeof entry === "number") return this.#store.kindAt(entry);
    const kind = (entry[MessageField.kind] ?? 0) | ((entry[MessageField.kind + 1] ?? 0) << 8);
    return kind as MessageKind; // written by encodeMessage
  }

  /** Puts the newest message before the `count` messages that came before it. */
  overtake(count: number): void {
    const last = this.#tailIndex - 1;
    const entry = this.#entry(this.length - 1);
    this.#entries.copyWithin(last - count + 1, last - count, last);
    this.#entries[last - count] = entry;
  }

  /** Moves messages of the kinds that `isFirst` accepts before all others, in their order. Number of others. */
  partition(isFirst: (kind: MessageKind) => boolean): number {
    const first: (Uint8Array | number)[] = [];
    const others: (Uint8Array | number)[] = [];
    for (let index = 0; index < this.length; index += 1)
      (isFirst(this.kindAt(index)) ? first : others).push(this.#entry(index));
    [...first, ...others].forEach((entry, index) => (this.#entries[this.#headIndex + index] = entry));
    return others.length;
  }

  /** Writes the `count` oldest messages as invocations of the turn at hand. */
  writeInvocations(turns: TurnRegion, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const entry = this.#entry(index);
      if (typeof entry === "number")
        turns.invokeWithMail(EntryCode.RECEIVE, entry, this.#store.bytesAt(entry));
      else turns.invokeWithMessage(EntryCode.RECEIVE, entry);
    }
  }

  /** Removes the `count` oldest messages. */
  dropFirst(count: number): void {
    if (count === 0) return;
    assert(count <= this.length, "only messages that wait are consumed");
    let places = 0;
    for (let index = 0; index < count; index += 1) {
      const entry = this.#entry(index);
      if (typeof entry === "number") places += 1;
      this.#bytes -= typeof entry === "number" ? this.#store.bytesAt(entry) : entry.length;
      this.#entries[this.#headIndex + index] = CONSUMED;
    }
    this.#store.countPlaces(-places);
    this.#headIndex += count;
    if (this.#headIndex === this.#tailIndex) {
      if (this.#entries.length > compactionCount) this.#entries = [];
      this.#headIndex = 0;
      this.#tailIndex = 0;
    } else if (this.#headIndex >= compactionCount && this.#headIndex * 2 > this.#tailIndex) {
      this.#entries = this.#entries.slice(this.#headIndex, this.#tailIndex);
      this.#tailIndex -= this.#headIndex;
      this.#headIndex = 0;
    }
  }

  /** All messages in bytes of the heap. */
  toArray(): Uint8Array[] {
    return Array.from({ length: this.length }, (_, index) => this.at(index));
  }

  /** Called by the store before the region is filled anew. */
  moveToHeap(): void {
    for (let index = this.#headIndex; index < this.#tailIndex; index += 1) {
      const entry = this.#entries[index];
      if (typeof entry === "number") this.#entries[index] = this.#store.sharedMessageAt(entry);
    }
  }

  #append(entry: Uint8Array | number, bytes: number): void {
    if (this.#tailIndex < this.#entries.length) this.#entries[this.#tailIndex] = entry;
    else this.#entries.push(entry);
    this.#tailIndex += 1;
    this.#bytes += bytes;
  }

  #entry(index: number): Uint8Array | number {
    const entry = this.#entries[this.#headIndex + index];
    assert(entry !== undefined && entry !== CONSUMED, "the mailbox has that message");
    return entry;
  }
}

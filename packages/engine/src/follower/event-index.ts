/**
 * The index of one run: events in blocks of one append-only file, of which only heads and names are in memory. It is
 * disposable: what is damaged, of another version or of another run is cut off, and the follower writes it again.
 */

import * as fs from "node:fs";
import { dirname } from "node:path";
import { assert } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { makeFolders } from "../storage/make-folders.js";
import {
  ByteSink,
  blockHeaderBytes,
  decodeEvents,
  decodeHead,
  decodeNames,
  encodeBlock,
  eventsIn,
  isWhole,
  numbered,
  writeEvent,
} from "./block-codec.js";
import type { BlockHead } from "./block-codec.js";
import { openIndexFile } from "./index-place.js";
import { blockBytes, cachedBlocksMax } from "./limits.js";
import type { NumberedEvent, TraceEvent } from "./trace-event.js";

interface Block extends BlockHead {
  readonly offset: number;
}

export class EventIndex {
  readonly #file: number;
  readonly #genesisDigest: Uint8Array;
  #blocks: Block[] = [];
  #names: string[] = [""];
  #numbers = new Map<string, number>([["", 0]]);
  readonly #cache = new Map<Block, readonly NumberedEvent[]>();
  #bytes = 0;
  readonly #sink = new ByteSink();
  /** Events in the sink: the first one, its tick, and names that no block holds yet. */
  #open = { events: 0, firstTick: 0, firstName: 1 };
  #nextEvent = 0;
  #tick = -1;
  #lastEventTick = 0;
  #chainHead: Uint8Array;

  private constructor(file: number, genesisDigest: Uint8Array) {
    this.#file = file;
    this.#genesisDigest = genesisDigest;
    this.#chainHead = genesisDigest;
  }

  /** Opens or makes the file; keeps the blocks that are whole. Errors are those of the file system. */
  static open(path: string, genesisDigest: Uint8Array): EventIndex {
    makeFolders(dirname(path));
    const file = openIndexFile(path);
    const index = new EventIndex(file, genesisDigest);
    index.#recover();
    return index;
  }

  /** The last tick whose events are here; -1: none. */
  get tick(): number {
    return this.#tick;
  }

  /** Chain head after `tick`. */
  get chainHead(): Uint8Array {
    return this.#chainHead;
  }

  /** Events that are here. */
  get events(): number {
    return this.#nextEvent;
  }

  /** Size of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of a name, which is given one where it has none. */
  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#names.push(name);
    this.#numbers.set(name, number);
    return number;
  }

  /** Number of a name; undefined where no event has it. */
  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  name(number: number): string {
    return this.#names[number] ?? "";
  }

  /** Adds an event of the tick that is being written; returns its number. */
  append(event: TraceEvent): number {
    const at = this.#nextEvent;
    if (this.#open.events === 0) {
      this.#open.firstTick = event.tick;
      this.#lastEventTick = event.tick;
    }
    writeEvent(this.#sink, numbered(event, at), this.#lastEventTick);
    this.#lastEventTick = event.tick;
    this.#open.events += 1;
    this.#nextEvent += 1;
    return at;
  }

  /** The events of a tick are complete. Blocks end here. */
  endTick(tick: number, chainHead: Uint8Array): void {
    assert(tick > this.#tick, "ticks are indexed in order");
    this.#tick = tick;
    this.#chainHead = chainHead.slice();
    if (this.#sink.length >= blockBytes) this.flush();
  }

  /** Writes what is not in the file yet. */
  flush(): void {
    const { events, firstTick, firstName } = this.#open;
    if (events === 0) return;
    const head = {
      events,
      firstEvent: this.#nextEvent - events,
      firstTick,
      lastTick: this.#tick,
      firstName,
      chainHead: this.#chainHead,
      genesisDigest: this.#genesisDigest,
    };
    const names = this.#names.slice(firstName);
    const bytes = encodeBlock(head, names, this.#sink.bytes);
    for (let written = 0; written < bytes.length;)
      written += fs.writeSync(this.#file, bytes, written, bytes.length - written, this.#bytes + written);
    const written = decodeHead(bytes);
    assert(written !== undefined, "a block reads as it was written");
    this.#blocks.push({ ...written, offset: this.#bytes });
    this.#bytes += bytes.length;
    this.#sink.clear();
    this.#open = { events: 0, firstTick: 0, firstName: this.#names.length };
  }

  /** Forgets everything. */
  clear(): void {
    this.#blocks = [];
    this.#names = [""];
    this.#numbers = new Map([["", 0]]);
    this.#cache.clear();
    this.#sink.clear();
    this.#open = { events: 0, firstTick: 0, firstName: 1 };
    [this.#bytes, this.#nextEvent, this.#tick] = [0, 0, -1];
    this.#chainHead = this.#genesisDigest;
    fs.ftruncateSync(this.#file, 0);
  }

  close(): void {
    fs.closeSync(this.#file);
  }

  at(event: number): NumberedEvent | undefined {
    const { done, value } = this.from(event).next();
    return done === true ? undefined : value;
  }

  /** Events from number `first` on, in order. */
  *from(first: number): Generator<NumberedEvent, void, undefined> {
    for (let place = this.#blockOf(first); place <= this.#blocks.length; place += 1)
      for (const event of this.#eventsOf(place)) if (event.event >= first) yield event;
  }

  /** Events before number `end`, the newest first. */
  *before(end: number): Generator<NumberedEvent, void, undefined> {
    for (let place = this.#blockOf(end); place >= 0; place -= 1)
      for (const event of this.#eventsOf(place).toReversed()) if (event.event < end) yield event;
  }

  /** Number of the first event of `tick` or a later one. */
  firstOf(tick: number): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[middle]?.lastTick ?? Infinity) < tick) low = middle + 1;
      else high = middle;
    }
    for (let place = low; place <= this.#blocks.length; place += 1)
      for (const event of this.#eventsOf(place)) if (event.tick >= tick) return event.event;
    return this.#nextEvent;
  }

  /** Events of one tick. */
  *ofTick(tick: number): Generator<NumberedEvent, void, undefined> {
    for (const event of this.from(this.firstOf(tick))) {
      if (event.tick > tick) return;
      yield event;
    }
  }

  /** Place of the block that holds `event`; that of the open events is the number of blocks. */
  #blockOf(event: number): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const block = this.#blocks[middle];
      if (block !== undefined && block.firstEvent + block.events <= event) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #eventsOf(place: number): readonly NumberedEvent[] {
    const block = this.#blocks[place];
    if (block === undefined) {
      const { events, firstTick } = this.#open;
      return eventsIn(this.#sink.bytes, {
        events,
        firstEvent: this.#nextEvent - events,
        firstTick,
        start: 0,
      });
    }
    const known = this.#cache.get(block);
    if (known !== undefined) return known;
    const events = decodeEvents(this.#read(block.offset, blockHeaderBytes + block.payloadBytes), block);
    if (this.#cache.size >= cachedBlocksMax)
      for (const oldest of [...this.#cache.keys()].slice(0, 1)) this.#cache.delete(oldest);
    this.#cache.set(block, events);
    return events;
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const count = fs.readSync(this.#file, bytes, 0, length, offset);
    return bytes.subarray(0, count);
  }

  /** Takes over every whole block that follows the one before it, and cuts the rest off. */
  #recover(): void {
    for (;;) {
      const head = decodeHead(this.#read(this.#bytes, blockHeaderBytes));
      if (head === undefined) break;
      const bytes = this.#read(this.#bytes, blockHeaderBytes + head.payloadBytes);
      const follows =
        bytes.length === blockHeaderBytes + head.payloadBytes &&
        isWhole(bytes) &&
        head.firstEvent === this.#nextEvent &&
        head.firstName === this.#names.length &&
        equalBytes(head.genesisDigest, this.#genesisDigest);
      if (!follows) break;
      for (const name of decodeNames(bytes, head)) this.numberOf(name);
      this.#blocks.push({ ...head, offset: this.#bytes });
      this.#bytes += bytes.length;
      this.#nextEvent += head.events;
      this.#tick = head.lastTick;
      this.#chainHead = head.chainHead;
    }
    this.#open.firstName = this.#names.length;
    fs.ftruncateSync(this.#file, this.#bytes);
  }
}

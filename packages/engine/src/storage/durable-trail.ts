/** Which appended records have become durable: a queue of (end position, record, input, tick), drained by position. */

import { assert } from "@wasm-engine/abi";

export interface TrailStart {
  readonly records: number;
  readonly seq: number;
  readonly tick: number;
}

/** Entries kept in front of the first live one before the arrays are compacted. */
const slackEntriesMax = 4096;

export class DurableTrail {
  readonly #ends: number[] = [];
  readonly #records: number[] = [];
  /** Sequence of an input, or 0. */
  readonly #seqs: number[] = [];
  /** Tick of a commit, or -1. */
  readonly #ticks: number[] = [];
  #first = 0;
  #durable: TrailStart;
  #ticksAhead = 0;

  constructor(start: TrailStart) {
    this.#durable = start;
  }

  get records(): number {
    return this.#durable.records;
  }

  get seq(): number {
    return this.#durable.seq;
  }

  get tick(): number {
    return this.#durable.tick;
  }

  /** Commits that are not durable yet. */
  get ticksAhead(): number {
    return this.#ticksAhead;
  }

  /** A record that ends at `end` has been appended; `records` counts it and what was written along with it. */
  push(end: number, records: number, seq: number, tick: number): void {
    assert(end > (this.#ends.at(-1) ?? 0) || this.#first === this.#ends.length, "positions ascend");
    this.#ends.push(end);
    this.#records.push(records);
    this.#seqs.push(seq);
    this.#ticks.push(tick);
    if (tick >= 0) this.#ticksAhead += 1;
  }

  /** Everything up to `position` is durable. */
  advance(position: number): void {
    const before = this.#first;
    let { seq, tick } = this.#durable;
    while ((this.#ends[this.#first] ?? Infinity) <= position) {
      const entrySeq = this.#seqs[this.#first] ?? 0;
      const entryTick = this.#ticks[this.#first] ?? -1;
      if (entrySeq > 0) seq = entrySeq;
      if (entryTick >= 0) {
        tick = entryTick;
        this.#ticksAhead -= 1;
      }
      this.#first += 1;
    }
    if (this.#first === before) return;
    this.#durable = { records: this.#records[this.#first - 1] ?? 0, seq, tick };
    if (this.#first >= slackEntriesMax) this.#compact();
  }

  #compact(): void {
    for (const column of [this.#ends, this.#records, this.#seqs, this.#ticks]) column.splice(0, this.#first);
    this.#first = 0;
  }
}

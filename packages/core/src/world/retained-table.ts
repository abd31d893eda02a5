/**
 * Entries that live for a fixed number of ticks: idempotency keys, ended tasks, ledgers of ended agents.
 * Entries leave in the order in which they came, so the digest is a chain over additions and a count of
 * departures: constant work each.
 */

import type { Hasher } from "../ports.js";
import { encodeCanonical, type CborValue } from "../codec/cbor.js";

interface Addition {
  readonly key: string;
  readonly untilTick: number;
  readonly value: CborValue;
}

/** Plain form for snapshots: chain, departed count, additions still held. */
export type RetainedState = readonly [Uint8Array, number, readonly (readonly [string, number, CborValue])[]];

export class RetainedTable {
  readonly #hasher: Hasher;
  readonly #latest = new Map<string, Addition>();
  #additions: Addition[] = [];
  #headIndex = 0;
  #chain: Uint8Array = new Uint8Array(32);
  #departed = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  get(key: string): CborValue | undefined {
    return this.#latest.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#latest.has(key);
  }

  /** Adds or replaces; `untilTick` never decreases from one call to the next. */
  set(key: string, untilTick: number, value: CborValue): void {
    this.#chain = this.#hasher.sha256(this.#chain, encodeCanonical([key, untilTick, value]));
    this.#append({ key, untilTick, value });
  }

  /** Forgets what lived until `tick` or before. */
  expire(tick: number): void {
    for (;;) {
      const oldest = this.#additions[this.#headIndex];
      if (oldest === undefined || oldest.untilTick > tick) break;
      if (this.#latest.get(oldest.key) === oldest) this.#latest.delete(oldest.key);
      this.#headIndex += 1;
      this.#departed += 1;
    }
    if (this.#headIndex > 1024 && this.#headIndex * 2 > this.#additions.length) {
      this.#additions = this.#additions.slice(this.#headIndex);
      this.#headIndex = 0;
    }
  }

  /** What the state hash covers. */
  summary(): CborValue {
    return [this.#chain, this.#departed];
  }

  export(): RetainedState {
    const held = this.#additions.slice(this.#headIndex);
    return [this.#chain, this.#departed, held.map((entry) => [entry.key, entry.untilTick, entry.value])];
  }

  restore(state: RetainedState): void {
    const [chain, departed, additions] = state;
    this.#chain = chain;
    this.#departed = departed;
    for (const [key, untilTick, value] of additions) this.#append({ key, untilTick, value });
  }

  #append(addition: Addition): void {
    this.#additions.push(addition);
    this.#latest.set(addition.key, addition);
  }
}

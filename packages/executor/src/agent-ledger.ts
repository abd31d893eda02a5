/**
 * The ledger of one agent while it executes: counters and stream positions, changed in place, with marks to return
 * to. The plain form crosses to images; this form never leaves the executor.
 */

import { assert, compareIds } from "@wasm-engine/abi";
import type { Ledger } from "./executor-contract.js";

/** [stream name, bytes drawn], sorted by name. */
type Positions = Ledger["streams"];

const NO_POSITIONS: Positions = [];

/** A ledger as it was. Reused: overwritten by the next mark. */
export interface LedgerMark {
  requests: number;
  messages: number;
  spawns: number;
  streams: Positions;
}

export function emptyLedgerMark(): LedgerMark {
  return { requests: 0, messages: 0, spawns: 0, streams: NO_POSITIONS };
}

export class AgentLedger {
  requests = 0;
  messages = 0;
  spawns = 0;
  #streams = new Map<string, number>();
  #positions: Positions | undefined = NO_POSITIONS;

  constructor(plain: Ledger) {
    this.restore(plain);
  }

  /** Number of named streams that were ever drawn from. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Bytes ever drawn from a stream; undefined where it was never drawn from. */
  position(stream: string): number | undefined {
    return this.#streams.get(stream);
  }

  advance(stream: string, bytes: number): void {
    this.#streams.set(stream, (this.#streams.get(stream) ?? 0) + bytes);
    this.#positions = undefined;
  }

  /** Positions of all streams; the same array while nothing is drawn. */
  positions(): Positions {
    this.#positions ??= [...this.#streams].sort(([left], [right]) => compareIds(left, right));
    return this.#positions;
  }

  plain(): Ledger {
    return {
      requests: this.requests,
      messages: this.messages,
      spawns: this.spawns,
      streams: this.positions(),
    };
  }

  mark(out: LedgerMark): void {
    out.requests = this.requests;
    out.messages = this.messages;
    out.spawns = this.spawns;
    out.streams = this.positions();
  }

  /** Returns to a mark or a plain form. */
  restore(mark: Ledger): void {
    this.requests = mark.requests;
    this.messages = mark.messages;
    this.spawns = mark.spawns;
    if (this.#positions === mark.streams) return;
    this.#streams = new Map(mark.streams);
    this.#positions = mark.streams;
    assert(this.#streams.size === mark.streams.length, "stream names are unique");
  }
}

/** True where both say the same. */
export function ledgersEqual(left: Ledger, right: Ledger): boolean {
  if (left === right) return true;
  if (left.requests !== right.requests || left.messages !== right.messages) return false;
  if (left.spawns !== right.spawns || left.streams.length !== right.streams.length) return false;
  return left.streams.every(([name, position], index) => {
    const other = right.streams[index];
    return other !== undefined && other[0] === name && other[1] === position;
  });
}

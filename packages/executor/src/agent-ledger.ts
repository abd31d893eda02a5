/**
 * The ledger of one agent while it executes: counters and stream positions with a mark to return to. The plain
 * form crosses to the core; this form never leaves the executor.
 */

import { assert, compareIds } from "@wasm-engine/abi";
import type { Ledger } from "./executor-contract.js";

export class AgentLedger {
  requests = 0;
  messages = 0;
  spawns = 0;
  #streams = new Map<string, number>();
  #plain: Ledger | undefined;

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
    this.#plain = undefined;
  }

  /** Plain form, frozen in time; the same object while nothing changes. */
  plain(): Ledger {
    const last = this.#plain;
    if (last !== undefined && this.#sameCounters(last)) return last;
    const streams = last?.streams ?? this.#sortedStreams();
    this.#plain = { requests: this.requests, messages: this.messages, spawns: this.spawns, streams };
    return this.#plain;
  }

  /** Returns to what {@link plain} gave. */
  restore(plain: Ledger): void {
    this.requests = plain.requests;
    this.messages = plain.messages;
    this.spawns = plain.spawns;
    if (this.#plain?.streams !== plain.streams) this.#streams = new Map(plain.streams);
    this.#plain = plain;
    assert(this.#streams.size === plain.streams.length, "stream names are unique");
  }

  #sameCounters(plain: Ledger): boolean {
    return (
      plain.requests === this.requests && plain.messages === this.messages && plain.spawns === this.spawns
    );
  }

  #sortedStreams(): readonly (readonly [string, number])[] {
    return [...this.#streams].sort(([left], [right]) => compareIds(left, right));
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

/**
 * The newest dead letters of a world, for people: what was not delivered, to whom and why. A bounded side list of this
 * process; a replay of the run computes every one again, with the same numbers.
 */

import { FaultCode, decodeMessage } from "@wasm-engine/abi";
import type { DeadLetter, Genesis } from "@wasm-engine/core";
import { formatTime } from "../time/virtual-time.js";
import type { DeadLetterReport } from "./control.js";
import { deadLetterBytesMax, deadLettersKeptMax } from "./limits.js";
import { reportMessage } from "./report.js";

interface Kept {
  readonly index: number;
  readonly letter: DeadLetter;
}

export class DeadLetterLog {
  #kept: Kept[] = [];
  #bytes = 0;
  #dropped = 0;

  /** Letters that this list no longer holds. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes the dead letters of one tick, in commit order. */
  note(letters: readonly DeadLetter[]): void {
    const first = Math.max(0, letters.length - deadLettersKeptMax);
    this.#dropped += first;
    letters.slice(first).forEach((letter, index) => {
      // What a message is read from is used again by later ticks.
      this.#kept.push({ index: first + index, letter: { ...letter, message: letter.message.slice() } });
      this.#bytes += letter.message.length;
    });
    if (this.#kept.length > 2 * deadLettersKeptMax || this.#bytes > deadLetterBytesMax) this.#forget();
  }

  /** Letters of tick `since` and later, up to and including `until`. */
  between(since: number, until: number): readonly DeadLetter[] {
    return this.#within(since, until).map(({ letter }) => letter);
  }

  /** The same for people. */
  report(genesis: Genesis, since: number, until: number): readonly DeadLetterReport[] {
    return this.#within(since, until).map(({ index, letter }) => reportDeadLetter(genesis, index, letter));
  }

  #within(since: number, until: number): readonly Kept[] {
    return this.#kept.filter(({ letter }) => letter.tick >= since && letter.tick <= until);
  }

  #forget(): void {
    let count = Math.max(0, this.#kept.length - deadLettersKeptMax);
    let bytes = this.#bytes;
    this.#kept.forEach(({ letter }, index) => {
      const isOver = bytes > deadLetterBytesMax;
      if (index < count || isOver) bytes -= letter.message.length;
      if (isOver) count = Math.max(count, index + 1);
    });
    this.#bytes = bytes;
    this.#dropped += count;
    this.#kept = this.#kept.slice(count);
  }
}

/** One dead letter for people; `index` is its place among those of its tick. */
export function reportDeadLetter(genesis: Genesis, index: number, letter: DeadLetter): DeadLetterReport {
  const { tick, agentId, reason, message, faultCode } = letter;
  const name = Object.entries(FaultCode).find(([, code]) => code === faultCode)?.[0];
  return {
    tick,
    index,
    timestamp: formatTime(genesis.epochNanos + BigInt(tick) * genesis.tickNanos),
    agentId,
    reason,
    ...(name === undefined ? {} : { faultCode: name }),
    ...(message.length === 0 ? {} : { message: reportMessage(message) }),
  };
}

/** Sequences of inputs that the world ignored, because an earlier one had their key. */
export function duplicateSeqs(letters: readonly DeadLetter[]): readonly number[] {
  return letters
    .filter(({ reason, message }) => reason === "DUPLICATE" && message.length > 0)
    .map(({ message }) => decodeMessage(message).messageId);
}

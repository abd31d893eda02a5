/**
 * Idempotency keys that this process has logged, so that a repeated input can be told so. The world alone decides
 * which input counts; this is a memory for answers, bounded, and empty after a restart.
 */

import { inputKeysMax } from "./limits.js";

export interface KeyedInput {
  readonly tick: number;
  readonly seq: number;
}

export class InputKeys {
  readonly #retainTicks: number;
  readonly #first = new Map<string, KeyedInput>();

  /** `retainTicks`: for so long the world remembers a key. */
  constructor(retainTicks: number) {
    this.#retainTicks = retainTicks;
  }

  /** The input that had this key first, where the world still remembers it at that tick; else notes `input`. */
  firstOf(key: string, input: KeyedInput): KeyedInput | undefined {
    const first = this.#first.get(key);
    if (first !== undefined && input.tick < first.tick + this.#retainTicks) return first;
    this.#first.delete(key);
    this.#first.set(key, { tick: input.tick, seq: input.seq });
    if (this.#first.size > inputKeysMax) {
      const [oldest = key] = this.#first.keys();
      this.#first.delete(oldest);
    }
    return undefined;
  }
}

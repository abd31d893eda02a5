/**
 * Calls that were made together and are waited for together: their ids follow one another, their answers fill one list.
 * Messages by the hundred thousand would otherwise each need a promise of their own.
 */

import type { EngineError } from "@wasm-engine/abi";

/** How one call of a group ended: its value, or what was against it. */
export type GroupAnswer = { readonly value: unknown } | { readonly error: EngineError };

export class CallGroup {
  readonly answers: Promise<readonly GroupAnswer[]>;
  readonly #firstId: number;
  readonly #answers: GroupAnswer[];
  #left: number;
  #resolve: (answers: readonly GroupAnswer[]) => void = () => undefined;
  #reject: (error: EngineError) => void = () => undefined;

  constructor(firstId: number, count: number) {
    this.#firstId = firstId;
    this.#answers = new Array<GroupAnswer>(count);
    this.#left = count;
    this.answers = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  holds(id: number): boolean {
    return id >= this.#firstId && id < this.#firstId + this.#answers.length;
  }

  /** Takes the one answer of a call; true where it was the last of the group. */
  take(id: number, answer: GroupAnswer): boolean {
    this.#answers[id - this.#firstId] = answer;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve(this.#answers);
    return this.#left === 0;
  }

  /** Nobody of the group gets an answer any more. */
  fail(error: EngineError): void {
    this.#reject(error);
  }
}

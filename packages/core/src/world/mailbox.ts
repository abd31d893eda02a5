/** Messages that wait for one agent, oldest first. Owns their order; who may be enqueued is decided at commit. */

import { assert } from "@wasm-engine/abi";

/** Consumed entries are kept until there are this many, so that taking from the front costs nothing. */
const compactionCount = 64;

export class Mailbox {
  #messages: Uint8Array[];
  #headIndex = 0;

  constructor(messages: readonly Uint8Array[] = []) {
    this.#messages = [...messages];
  }

  get length(): number {
    return this.#messages.length - this.#headIndex;
  }

  at(index: number): Uint8Array {
    const message = this.#messages[this.#headIndex + index];
    assert(message !== undefined, "the mailbox has that message");
    return message;
  }

  push(message: Uint8Array): void {
    this.#messages.push(message);
  }

  /** Removes the `count` oldest messages. */
  dropFirst(count: number): void {
    assert(count <= this.length, "only messages that wait are consumed");
    this.#headIndex += count;
    if (this.#headIndex === this.#messages.length) {
      this.#messages = [];
      this.#headIndex = 0;
    } else if (this.#headIndex >= compactionCount && this.#headIndex * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#headIndex);
      this.#headIndex = 0;
    }
  }

  toArray(): Uint8Array[] {
    return this.#messages.slice(this.#headIndex);
  }
}

/** Messages that wait for one agent, oldest first. Owns their order; who may be enqueued is decided at commit. */

import { assert } from "@wasm-engine/abi";

/** Consumed entries are kept until there are this many, so that taking from the front costs nothing. */
const compactionCount = 64;

export class Mailbox {
  #messages: Uint8Array[];
  #headIndex = 0;
  #bytes = 0;

  constructor(messages: readonly Uint8Array[] = []) {
    this.#messages = [...messages];
    for (const message of messages) this.#bytes += message.length;
  }

  /** Bytes of all messages that wait. */
  get bytes(): number {
    return this.#bytes;
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
    this.#bytes += message.length;
  }

  /** Removes the `count` oldest messages. */
  dropFirst(count: number): void {
    assert(count <= this.length, "only messages that wait are consumed");
    for (let index = 0; index < count; index += 1) this.#bytes -= this.at(index).length;
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

/** A bounded stream of messages that left the world, as an async iterator. */

import type { EngineError } from "@wasm-engine/abi";
import { subscriptionMessagesMax } from "../world/limits.js";
import type { ReceivedMessage } from "./received-message.js";

type Next = IteratorResult<ReceivedMessage, undefined>;

export class Subscription implements AsyncIterableIterator<ReceivedMessage, undefined> {
  readonly #queue: ReceivedMessage[] = [];
  readonly #onClose: () => void;
  #reader:
    { readonly resolve: (next: Next) => void; readonly reject: (error: EngineError) => void } | undefined;
  #closed = false;
  #error: EngineError | undefined;
  #dropped = 0;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** Messages that a slow reader has lost: the world never waits for a reader. */
  get dropped(): number {
    return this.#dropped;
  }

  push(message: ReceivedMessage): void {
    if (this.#closed) return;
    if (this.#reader !== undefined) {
      this.#reader.resolve({ done: false, value: message });
      this.#reader = undefined;
      return;
    }
    this.#queue.push(message);
    if (this.#queue.length > subscriptionMessagesMax) {
      this.#queue.shift();
      this.#dropped += 1;
    }
  }

  /** The world has ended: what is queued can still be read. */
  end(error: EngineError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    if (this.#reader === undefined) return;
    if (error === undefined) this.#reader.resolve({ done: true, value: undefined });
    else this.#reader.reject(error);
    this.#reader = undefined;
  }

  next(): Promise<Next> {
    const value = this.#queue.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<Next> {
    if (!this.#closed) this.#onClose();
    this.end(undefined);
    this.#queue.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

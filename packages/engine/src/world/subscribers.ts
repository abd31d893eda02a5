/** Who reads messages that leave the world, and how many each may be owed: the world waits for no reader. */

import type { EmitEvent, WorldMessage } from "./control.js";

interface Subscriber {
  readonly topic: string;
  /** Messages that may still be sent before the reader confirms some. */
  credit: number;
}

export class Subscribers {
  readonly #emit: EmitEvent;
  readonly #subscribers = new Map<number, Subscriber>();

  constructor(emit: EmitEvent) {
    this.#emit = emit;
  }

  /** `topic` "*" is every topic. Without `credit` the reader takes whatever comes. */
  add(request: { readonly subscription: number; readonly topic: string; readonly credit?: number }): void {
    const { subscription, topic, credit = Infinity } = request;
    this.#subscribers.set(subscription, { topic, credit });
  }

  remove(subscription: number): void {
    this.#subscribers.delete(subscription);
  }

  /** The reader has taken so many messages. */
  renew({ subscription, messages }: { readonly subscription: number; readonly messages: number }): void {
    const subscriber = this.#subscribers.get(subscription);
    if (subscriber !== undefined) subscriber.credit += messages;
  }

  publish(message: WorldMessage): void {
    for (const [subscription, subscriber] of this.#subscribers) {
      if (subscriber.topic !== message.topic && subscriber.topic !== "*") continue;
      if (subscriber.credit === 0) {
        this.#subscribers.delete(subscription);
        this.#emit({ kind: "overrun", subscription });
        continue;
      }
      subscriber.credit -= 1;
      this.#emit({ kind: "message", subscription, message });
    }
  }
}

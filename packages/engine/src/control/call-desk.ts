/**
 * Calls of every connection on their way to the world: gives each its number, takes its answer, and lets calls that
 * take time by the number of agents through one at a time, so that the world ticks between them.
 */

import { EngineError } from "@wasm-engine/abi";
import { connectionCallsFrom as firstNumber } from "../world/control.js";
import type { ControlCall, ControlRequest, WorldEvent, WorldMessage } from "../world/control.js";
import { forEachAcknowledgement } from "../world/acknowledged.js";
import { fail } from "../world/errors.js";

/** How a call ended. */
export type Answer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: EngineError };

export type Settle = (answer: Answer) => void;

/** Whoever reads a subscription. */
export interface SubscriptionReader {
  message(subscription: number, message: WorldMessage): void;
  /** It was too slow and gets no more. */
  overrun(subscription: number): void;
}

interface HeavyCall {
  readonly number: number;
  readonly request: ControlRequest;
}

export class CallDesk {
  readonly #relay: (call: ControlCall) => void;
  readonly #settles = new Map<number, { readonly method: string; readonly settle: Settle }>();
  readonly #readers = new Map<number, SubscriptionReader>();
  readonly #heavy: HeavyCall[] = [];
  #heavyNumber: number | undefined;
  #next = firstNumber;

  constructor(relay: (call: ControlCall) => void) {
    this.#relay = relay;
  }

  /** A number for a call or a subscription. */
  number(): number {
    this.#next += 1;
    return this.#next;
  }

  /** Asks the world; without `settle` nobody waits for the answer. */
  call(request: ControlRequest, settle?: Settle, isHeavy = false): number {
    const number = this.number();
    if (settle !== undefined) this.#settles.set(number, { method: request.method, settle });
    if (!isHeavy) this.#relay({ id: number, request });
    else if (this.#heavyNumber === undefined) this.#begin({ number, request });
    else this.#heavy.push({ number, request });
    return number;
  }

  /** Nobody waits for this call any more. What it has logged stays; a call that lasts is taken back in the world. */
  forget(number: number, isLasting: boolean): void {
    if (this.#settles.delete(number) && isLasting) this.call({ method: "cancel", request: number });
  }

  read(subscription: number, reader: SubscriptionReader): void {
    this.#readers.set(subscription, reader);
  }

  unread(subscription: number): void {
    if (this.#readers.delete(subscription)) this.call({ method: "unsubscribe", subscription });
  }

  /** Takes what the world says to a connection; false for what concerns others. */
  receive(event: WorldEvent): boolean {
    switch (event.kind) {
      case "answer":
        return this.#settle(event.id, { ok: true, value: event.value });
      case "acknowledged":
        if ((event.rows[0] ?? 0) <= firstNumber) return false;
        forEachAcknowledgement(event, (id, value) => void this.#settle(id, { ok: true, value }));
        return true;
      case "refusal":
        return this.#settle(event.id, { ok: false, error: EngineError.fromRecord(event.error) });
      case "message":
        this.#readers.get(event.subscription)?.message(event.subscription, event.message);
        return event.subscription > firstNumber;
      case "overrun":
        this.#readers.get(event.subscription)?.overrun(event.subscription);
        return true;
      default:
        return false;
    }
  }

  /** The world has ended: whoever still waits is told. */
  end(): void {
    for (const { method, settle } of this.#settles.values()) {
      settle({ ok: false, error: fail("WE_WORLD_ENDED", { method }) });
    }
    this.#settles.clear();
    this.#readers.clear();
  }

  #settle(id: number, answer: Answer): boolean {
    if (id <= firstNumber) return false;
    const waiting = this.#settles.get(id);
    this.#settles.delete(id);
    if (id === this.#heavyNumber) this.#beginNext();
    waiting?.settle(answer);
    return true;
  }

  #begin(call: HeavyCall): void {
    this.#heavyNumber = call.number;
    this.#relay({ id: call.number, request: call.request });
  }

  /** Calls that nobody waits for any more are left out. */
  #beginNext(): void {
    this.#heavyNumber = undefined;
    const next = this.#heavy.shift();
    if (next === undefined) return;
    if (this.#settles.has(next.number)) this.#begin(next);
    else this.#beginNext();
  }
}

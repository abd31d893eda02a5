/**
 * The request desk of a fork: what the book of recorded answers knows is answered from there, everything else goes to
 * the desk that asks models and tools. To the tick loop it is a desk like any other.
 */

import type { ExternalRequest, Input, InputBody } from "@wasm-engine/core";
import type { AnswerFigures, RequestDesk } from "../inference/request-desk.js";
import type { BegunText } from "../inference/text-progress.js";
import type { AnswerBook } from "./answer-book.js";

/** What the tick loop uses of a desk. */
export type LoopDesk = Pick<
  RequestDesk,
  | "figures"
  | "requests"
  | "begunTexts"
  | "recall"
  | "isForetelling"
  | "stallMs"
  | "note"
  | "release"
  | "isHolding"
  | "begin"
  | "settle"
  | "dueTick"
  | "isAwaiting"
  | "isReady"
  | "take"
>;

export class ReusingDesk implements LoopDesk {
  readonly #desk: RequestDesk;
  readonly #book: AnswerBook;

  constructor(desk: RequestDesk, book: AnswerBook) {
    this.#desk = desk;
    this.#book = book;
  }

  get figures(): AnswerFigures {
    const { asked, reused } = this.#desk.figures;
    return { asked, reused: reused + this.#book.reused };
  }

  get requests(): ExternalRequest[] {
    return [...this.#book.requests, ...this.#desk.requests];
  }

  /** What the book answers is known by its ticks. */
  get begunTexts(): BegunText[] {
    return this.#desk.begunTexts;
  }

  recall(texts: readonly BegunText[]): void {
    this.#desk.recall(texts);
  }

  get isForetelling(): boolean {
    return this.#desk.isForetelling;
  }

  get stallMs(): number {
    return this.#desk.stallMs;
  }

  get isAwaiting(): boolean {
    return this.#desk.isAwaiting;
  }

  get isHolding(): boolean {
    return this.#desk.isHolding;
  }

  release(durableTick: number): void {
    this.#desk.release(durableTick);
  }

  note(requests: readonly ExternalRequest[]): void {
    this.#desk.note(this.#book.claim(requests));
  }

  begin(logged: readonly Input[]): void {
    this.#book.settle(logged);
    this.#desk.begin(logged);
  }

  settle(inputs: readonly Input[]): void {
    this.#book.settle(inputs);
    this.#desk.settle(inputs);
  }

  dueTick(first: number, floor: number): number | undefined {
    const recorded = this.#book.dueTick(first) ?? Infinity;
    const asked = this.#desk.dueTick(first, floor) ?? Infinity;
    const due = Math.min(recorded, asked);
    return due === Infinity ? undefined : due;
  }

  isReady(tick: number): boolean {
    return this.#desk.isReady(tick);
  }

  take(tick: number): readonly InputBody[] {
    return [...this.#book.take(tick), ...this.#desk.take(tick)];
  }
}

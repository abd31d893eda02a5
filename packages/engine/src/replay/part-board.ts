/**
 * What the threads of a replay in parts share: which part is the next, whether there is any use in going on, how far
 * each of them has come. Every word is written by one thread or atomically; nothing here shows in a result.
 */

import type { SharedSignal } from "../threads/shared-signal.js";
import type { ReplayProgress } from "./replay-contract.js";

/** Crosses the border of a thread. */
export interface PartWords {
  readonly words: SharedArrayBuffer;
  readonly progress: SharedArrayBuffer;
}

const Word = { NEXT: 0, STOPPED: 1, BELL: 2, PLANNED: 3, ENDED: 4 } as const;
/** Numbers of progress per thread: ticks, turns. */
const stride = 2;

export class PartBoard {
  readonly shared: PartWords;
  readonly #words: Int32Array;
  readonly #progress: Float64Array;

  /** @param from how many threads there are, or the words that they share already */
  constructor(from: number | PartWords) {
    this.shared =
      typeof from === "number"
        ? {
            words: new SharedArrayBuffer(4 * (Word.ENDED + from)),
            progress: new SharedArrayBuffer(8 * stride * from),
          }
        : from;
    this.#words = new Int32Array(this.shared.words);
    this.#progress = new Float64Array(this.shared.progress);
  }

  /** Number of a part that nobody has taken; undefined where none is left, or it would be of no use. */
  take(count: number): number | undefined {
    // Who was given nothing takes nothing away from the others.
    if (count === 0 || this.isStopped) return undefined;
    const next = Atomics.add(this.#words, Word.NEXT, 1);
    return next < count ? next : undefined;
  }

  /** There is nothing more to be done, or the parts will give no verdict. */
  stop(): void {
    Atomics.store(this.#words, Word.STOPPED, 1);
    this.announce();
    this.ring();
  }

  /** Every thread has been sent what there is to do. */
  announce(): void {
    Atomics.store(this.#words, Word.PLANNED, 1);
    Atomics.notify(this.#words, Word.PLANNED);
  }

  /** Sleeps until there is a plan. False where there will be none. */
  awaitPlan(waitMs: number): boolean {
    while (Atomics.load(this.#words, Word.PLANNED) === 0) Atomics.wait(this.#words, Word.PLANNED, 0, waitMs);
    return !this.isStopped;
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, Word.STOPPED) !== 0;
  }

  /** What is to be done when a thread has ended. */
  endOf(thread: number): SharedSignal {
    const buffer = this.shared.words;
    return { buffer, word: Word.ENDED + thread, value: 1, bells: [{ buffer, word: Word.BELL, step: 1 }] };
  }

  hasEnded(thread: number): boolean {
    return Atomics.load(this.#words, Word.ENDED + thread) !== 0;
  }

  /** Something is there to be looked at. */
  ring(): void {
    Atomics.add(this.#words, Word.BELL, 1);
    Atomics.notify(this.#words, Word.BELL);
  }

  /** How often the bell was rung. */
  get heard(): number {
    return Atomics.load(this.#words, Word.BELL);
  }

  /** Sleeps until the bell is rung more often than `heard`, or so long. */
  rest(heard: number, waitMs: number): void {
    Atomics.wait(this.#words, Word.BELL, heard, waitMs);
  }

  /** How far a thread has come, all its parts together. */
  note(thread: number, { tick, turnsExecuted }: ReplayProgress): void {
    this.#progress[thread * stride] = tick;
    this.#progress[thread * stride + 1] = turnsExecuted;
  }

  /** Ticks and turns of all threads. */
  get progress(): ReplayProgress {
    let [tick, turnsExecuted] = [0, 0];
    for (let at = 0; at < this.#progress.length; at += stride) {
      tick += this.#progress[at] ?? 0;
      turnsExecuted += this.#progress[at + 1] ?? 0;
    }
    return { tick, turnsExecuted };
  }
}

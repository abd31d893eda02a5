/**
 * The shared words by which the orchestrator thread starts the others and waits for them. Two lines of cache per
 * thread, so that nobody's writes disturb a neighbour. Everything else that passes between them is ordered by these
 * words: regions are written before a start or a finish and read after it.
 *
 *   line 0      0 remaining    threads that have not finished; each that ended adds `endedStep` for good
 *               1 asleep       the orchestrator sleeps on `remaining`
 *   line n      0 starts       counts commands; the thread sleeps on it
 *               1 command      what to do
 *               2 argument     of the command
 *               3 state        of the thread
 *               4 asleep       the thread sleeps on `starts`
 *               5 posted       messages of the orchestrator on the port of the thread
 *               6 sent         messages of the thread on it
 *               7 digests      how often the thread has answered late digests
 */

import { assert } from "@wasm-engine/abi";
import type { AdaptiveSpin } from "./adaptive-spin.js";
import { barrierStepMs } from "./limits.js";
import type { SharedSignal } from "./shared-signal.js";

export const Command = { EXECUTE: 1, CALL: 2, DIGESTS: 3, BEGIN_DIGESTS: 4, TAKE_DIGESTS: 5 } as const;
export type Command = (typeof Command)[keyof typeof Command];

export const ThreadState = { STARTING: 0, IDLE: 1, RUNNING: 2, FAILED: 3, ENDED: 4 } as const;
export type ThreadState = (typeof ThreadState)[keyof typeof ThreadState];

const lineWords = 32;
const remainingWord = 0;
const orchestratorAsleepWord = 1;
const Word = {
  starts: 0,
  command: 1,
  argument: 2,
  state: 3,
  asleep: 4,
  posted: 5,
  sent: 6,
  digests: 7,
} as const;
/** What the end of a thread adds to `remaining`: above every countdown. */
const endedStep = 0x1_0000;

/** Words of `threads` threads besides the orchestrator; numbered from 1. */
export function allocateWords(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer((threads + 1) * lineWords * Int32Array.BYTES_PER_ELEMENT);
}

/** The orchestrator's side. */
export class Barrier {
  readonly #buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #spin: AdaptiveSpin;

  constructor(buffer: SharedArrayBuffer, spin: AdaptiveSpin) {
    this.#buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#spin = spin;
  }

  /** How the end of a thread shows to somebody who sleeps here: see thread-host.ts. */
  endSignalOf(thread: number): SharedSignal {
    const buffer = this.#buffer;
    return {
      buffer,
      word: thread * lineWords + Word.state,
      value: ThreadState.ENDED,
      bells: [{ buffer, word: remainingWord, step: endedStep }],
    };
  }

  /** Gives a thread that is idle something to do. */
  start(thread: number, command: Command, argument: number): void {
    const line = thread * lineWords;
    const words = this.#words;
    words[line + Word.command] = command;
    words[line + Word.argument] = argument;
    Atomics.add(words, remainingWord, 1);
    Atomics.add(words, line + Word.starts, 1);
    if (Atomics.load(words, line + Word.asleep) === 1) Atomics.notify(words, line + Word.starts);
  }

  /** Counts a message that was posted to a thread: it reads its port when it is next started. */
  notePost(thread: number): void {
    Atomics.add(this.#words, thread * lineWords + Word.posted, 1);
  }

  /** Returns when all that were started have finished, or at once where a thread has ended: then false. */
  await(): boolean {
    for (;;) {
      const remaining = Atomics.load(this.#words, remainingWord);
      if (remaining >= endedStep) return false;
      if (remaining === 0) return true;
      if (!this.#spin.leaves(this.#words, remainingWord, remaining)) this.#sleep();
    }
  }

  #sleep(): void {
    const words = this.#words;
    Atomics.store(words, orchestratorAsleepWord, 1);
    for (;;) {
      const remaining = Atomics.load(words, remainingWord);
      if (remaining === 0 || remaining >= endedStep) break;
      Atomics.wait(words, remainingWord, remaining, barrierStepMs);
    }
    Atomics.store(words, orchestratorAsleepWord, 0);
  }

  stateOf(thread: number): ThreadState {
    return Atomics.load(this.#words, thread * lineWords + Word.state) as ThreadState; // written below
  }

  /** Messages that the thread has sent so far. */
  sentBy(thread: number): number {
    return Atomics.load(this.#words, thread * lineWords + Word.sent);
  }

  /** How often the thread has answered late digests; what it wrote before can be read. */
  digestRoundsOf(thread: number): number {
    return Atomics.load(this.#words, thread * lineWords + Word.digests);
  }

  /** Waits until `threads` have all ended; false where that takes longer than `timeoutMs`. */
  awaitEnds(threads: number, timeoutMs: number): boolean {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const remaining = Atomics.load(this.#words, remainingWord);
      if (Math.floor(remaining / endedStep) >= threads) return true;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return false;
      Atomics.wait(this.#words, remainingWord, remaining, leftMs);
    }
  }
}

/** The side of one executing thread. */
export class Gate {
  readonly #words: Int32Array;
  readonly #line: number;
  readonly #spin: AdaptiveSpin;
  #starts = 0;
  #read = 0;

  constructor(buffer: SharedArrayBuffer, thread: number, spin: AdaptiveSpin) {
    this.#words = new Int32Array(buffer);
    this.#line = thread * lineWords;
    this.#spin = spin;
    Atomics.store(this.#words, this.#line + Word.state, ThreadState.IDLE);
  }

  /** Sleeps until there is a command. */
  await(): Command {
    const word = this.#line + Word.starts;
    if (!this.#spin.leaves(this.#words, word, this.#starts)) this.#sleep(word);
    this.#starts = (this.#starts + 1) | 0;
    assert(
      Atomics.load(this.#words, word) === this.#starts,
      "a thread is started again when it has finished",
    );
    Atomics.store(this.#words, this.#line + Word.state, ThreadState.RUNNING);
    return this.#words[this.#line + Word.command] as Command; // written by Barrier.start
  }

  #sleep(word: number): void {
    const asleep = this.#line + Word.asleep;
    Atomics.store(this.#words, asleep, 1);
    while (Atomics.load(this.#words, word) === this.#starts) Atomics.wait(this.#words, word, this.#starts);
    Atomics.store(this.#words, asleep, 0);
  }

  /** There is a command, which `await` returns at once. */
  get isCalled(): boolean {
    return Atomics.load(this.#words, this.#line + Word.starts) !== this.#starts;
  }

  /** Late digests have been written. */
  noteDigests(): void {
    Atomics.add(this.#words, this.#line + Word.digests, 1);
  }

  get argument(): number {
    return this.#words[this.#line + Word.argument] ?? 0;
  }

  /** Messages that have been posted and not been read; the caller reads them all. */
  takePosts(): number {
    const posted = Atomics.load(this.#words, this.#line + Word.posted);
    const unread = (posted - this.#read) | 0;
    this.#read = posted;
    return unread;
  }

  /** Counts a message that was sent on the port. */
  noteSent(): void {
    Atomics.add(this.#words, this.#line + Word.sent, 1);
  }

  /** The command is over. The last thread to finish wakes the orchestrator. */
  finish(state: ThreadState): void {
    Atomics.store(this.#words, this.#line + Word.state, state);
    const before = Atomics.sub(this.#words, remainingWord, 1);
    const isLast = before % endedStep === 1;
    if (isLast && Atomics.load(this.#words, orchestratorAsleepWord) === 1) {
      Atomics.notify(this.#words, remainingWord);
    }
  }
}

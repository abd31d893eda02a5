/**
 * A worker's part of the ring in shared memory. Layout: a head of 4 words per thread (tick that the thread has
 * finished, length of its outbox by parity), then per thread two inboxes for messages from the other thread, one per
 * parity of ticks, so that a slow reader is never overtaken by more than the tick it waits for.
 */

import { handle, messageWords, writeFirst } from "../ring.js";
import type { RingState } from "../ring.js";
import { threadCount, threadOf } from "./ring-threads.js";

const headWords = 64;
const lineWords = 16;
/** Looks at the other thread's tick before sleeping: a wake costs tens of microseconds, a look some nanoseconds. */
const spinsMax = 2000;

export function sharedMemoryBytes(stations: number): number {
  return (headWords + threadCount * 2 * stations * messageWords) * 4;
}

interface SharedPart {
  readonly memory: SharedArrayBuffer;
  readonly thread: number;
  readonly stations: number;
  readonly hops: number;
  readonly state: Pick<RingState, "counts" | "checksums">;
}

/** Makes all hops; returns when this thread's part is done. */
export function runShared({ memory, thread, stations, hops, state }: SharedPart): void {
  const head = new Int32Array(memory, 0, headWords);
  const other = 1 - thread;
  const boxWords = stations * messageWords;
  const box = (owner: number, parity: number): Uint32Array =>
    new Uint32Array(memory, (headWords + (owner * 2 + parity) * boxWords) * 4, boxWords);
  const outboxes = [box(thread, 0), box(thread, 1)] as const;
  const inboxes = [box(other, 0), box(other, 1)] as const;
  let here = new Uint32Array(boxWords);
  let staying = new Uint32Array(boxWords);
  let length = 0;
  for (let number = 0; number < stations; number += 1) {
    writeFirst(here, length, number);
    if (threadOf(here[length] ?? 0, stations) === thread) length += messageWords;
  }
  for (let hop = 0; hop < hops; hop += 1) {
    const parity = hop % 2;
    const outbox = parity === 0 ? outboxes[0] : outboxes[1];
    let stayed = 0;
    let left = 0;
    const part: RingState = { ...state, messages: here };
    for (let at = 0; at < length; at += messageWords) {
      handle(part, at);
      const stays = threadOf(here[at] ?? 0, stations) === thread;
      const target = stays ? staying : outbox;
      const offset = stays ? stayed : left;
      for (let word = 0; word < messageWords; word += 1) target[offset + word] = here[at + word] ?? 0;
      if (stays) stayed += messageWords;
      else left += messageWords;
    }
    Atomics.store(head, thread * lineWords + 1 + parity, left);
    Atomics.store(head, thread * lineWords, hop + 1);
    Atomics.notify(head, thread * lineWords);
    waitFor(head, other * lineWords, hop + 1);
    const arrived = Atomics.load(head, other * lineWords + 1 + parity);
    staying.set((parity === 0 ? inboxes[0] : inboxes[1]).subarray(0, arrived), stayed);
    length = stayed + arrived;
    [here, staying] = [staying, here];
  }
}

function waitFor(head: Int32Array, word: number, tick: number): void {
  for (let spins = 0; spins < spinsMax; spins += 1) if (Atomics.load(head, word) >= tick) return;
  for (let seen = Atomics.load(head, word); seen < tick; seen = Atomics.load(head, word)) {
    Atomics.wait(head, word, seen);
  }
}

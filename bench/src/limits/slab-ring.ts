/** One thread, one loop, typed arrays, no isolation: 64 bytes copied per hop. What the processor can do at all. */

import { handle, messageWords, writeFirst } from "../ring.js";
import type { RingForm } from "./timed-ring.js";

export const slabRing: RingForm = (stations, hops) => {
  const counts = new Uint32Array(stations);
  const checksums = new Uint32Array(stations);
  let now = new Uint32Array(stations * messageWords);
  let next = new Uint32Array(stations * messageWords);
  for (let number = 0; number < stations; number += 1) writeFirst(now, number * messageWords, number);
  const startMs = performance.now();
  for (let hop = 0; hop < hops; hop += 1) {
    const state = { counts, checksums, messages: next };
    for (let at = 0; at < next.length; at += messageWords) {
      for (let word = 0; word < messageWords; word += 1) next[at + word] = now[at + word] ?? 0;
      handle(state, at);
    }
    [now, next] = [next, now];
  }
  return Promise.resolve({ elapsedMs: performance.now() - startMs, counts, checksums });
};

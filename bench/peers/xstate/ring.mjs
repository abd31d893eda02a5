// XState: one actor per station (fromTransition), state replaced per event, no isolation, nothing durable.
import { createActor, fromTransition } from "xstate";
import { checksumOf, messageWords, nextPath, stationOf, writeFirst } from "../../dist/ring.js";

export const name = "XState actors (fromTransition)";
export const sizes = [50, 1000, 10_000];

export const form = async (stations, hops) => {
  // send() is synchronous in XState: a queue between the actors keeps the stack flat, as a program would.
  let queue = [];
  const logic = fromTransition(
    (state, { words }) => {
      const next = words.slice();
      next[0] = nextPath(words[0]);
      next[1] += 1;
      queue.push(next);
      return { count: state.count + 1, checksum: (state.checksum + checksumOf(words, 0)) >>> 0 };
    },
    { count: 0, checksum: 0 },
  );
  const actors = Array.from({ length: stations }, () => createActor(logic).start());
  for (let number = 0; number < stations; number += 1) {
    const words = new Uint32Array(messageWords);
    writeFirst(words, 0, number);
    queue.push(words);
  }
  const startMs = performance.now();
  for (let hop = 0; hop < hops; hop += 1) {
    const now = queue;
    queue = [];
    for (const words of now) actors[stationOf(words[0], stations)].send({ type: "hop", words });
  }
  const elapsedMs = performance.now() - startMs;
  const states = actors.map((actor) => actor.getSnapshot().context);
  return {
    elapsedMs,
    counts: Uint32Array.from(states, ({ count }) => count),
    checksums: Uint32Array.from(states, ({ checksum }) => checksum),
  };
};

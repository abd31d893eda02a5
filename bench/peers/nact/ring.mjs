// Nact: one actor per station, dispatch through its mailboxes, no isolation, nothing durable.
import { dispatch, spawn, start, stop } from "nact";
import { checksumOf, messageWords, nextPath, stationOf, writeFirst } from "../../dist/ring.js";

export const name = "Nact actors";
export const sizes = [50, 1000, 10_000];

export const form = async (stations, hops) => {
  const system = start();
  const counts = new Uint32Array(stations);
  const checksums = new Uint32Array(stations);
  let left = stations;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const actors = Array.from({ length: stations }, (_, station) =>
    spawn(
      system,
      (state, words) => {
        const next = words.slice();
        next[0] = nextPath(words[0]);
        next[1] += 1;
        if (next[1] < hops) dispatch(actors[stationOf(next[0], stations)], next);
        else if (--left === 0) finish();
        const now = { count: state.count + 1, checksum: (state.checksum + checksumOf(words, 0)) >>> 0 };
        // The last state of each actor, for the check: Nact offers no way to look at it from outside.
        counts[station] = now.count;
        checksums[station] = now.checksum;
        return now;
      },
      `s${station}`,
      { initialState: { count: 0, checksum: 0 } },
    ),
  );
  const startMs = performance.now();
  for (let number = 0; number < stations; number += 1) {
    const words = new Uint32Array(messageWords);
    writeFirst(words, 0, number);
    dispatch(actors[stationOf(words[0], stations)], words);
  }
  await finished;
  await new Promise((resolve) => setImmediate(resolve));
  const elapsedMs = performance.now() - startMs;
  stop(system);
  return { elapsedMs, counts, checksums };
};

/**
 * Worlds of a recorded run at ticks that one question looks at again and again. Where the next snapshot is far, the
 * run is executed once to shortly before the tick, and the world there is kept in memory as long as the question lasts.
 */

import { compareCommits } from "../replay/play.js";
import { openTrack } from "../replay/track.js";
import type { RecordedRun, Track, TrackBase, TrackOptions } from "../replay/track.js";
import { fail } from "../world/errors.js";
import { baseBytesMax, basesMax, farTicks, nearTicks } from "./limits.js";

export class TrackBases {
  readonly run: RecordedRun;
  #bases: TrackBase[] = [];

  constructor(run: RecordedRun) {
    this.run = run;
  }

  /** A world at or before tick `from`; without one, at the start. @throws {WE_RUN_DIVERGED} {WE_RUN_COMPACTED} */
  open(from: number | undefined, options: TrackOptions = {}): Track {
    if (from === undefined) return openTrack(this.run, undefined, options);
    const snapshotTick = this.run.newestSnapshot(from)?.tick ?? -1;
    const nearest = Math.max(snapshotTick, this.#newest(from)?.tick ?? -1);
    if (from - nearest > farTicks) this.#keep(from - nearTicks);
    return openTrack(this.run, from, this.#with(from, options));
  }

  #newest(from: number): TrackBase | undefined {
    return this.#bases.findLast(({ tick }) => tick <= from);
  }

  #with(from: number, options: TrackOptions): TrackOptions {
    const base = this.#newest(from);
    return base === undefined ? options : { ...options, base };
  }

  #keep(to: number): void {
    const track = openTrack(this.run, to, this.#with(to, {}));
    try {
      for (const { tick, inputs, commit } of this.run.log.ticks(track.world.tick)) {
        if (commit === undefined || tick > to) break;
        const difference = compareCommits(commit, track.world.step(tick, inputs).commit);
        if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: this.run.dir });
      }
      const base = track.base();
      const bytes = base.images.reduce((sum, { memory }) => sum + memory.length, 0);
      if (bytes > baseBytesMax) return;
      const kept = [...this.#bases, base].sort((left, right) => left.tick - right.tick);
      // Questions go back in time, so the latest is needed least.
      this.#bases = kept.slice(0, basesMax);
    } finally {
      track.close();
    }
  }
}

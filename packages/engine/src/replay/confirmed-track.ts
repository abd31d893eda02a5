/** What views of a recorded run are read from: its ticks executed again, each confirmed by the log. */

import { fail } from "../world/errors.js";
import { play } from "./play.js";
import type { PlayOptions } from "./play.js";
import { openTrack } from "./track.js";
import type { RecordedRun, Track, TrackOptions } from "./track.js";

export interface ConfirmedTicks extends Pick<PlayOptions, "to" | "onTick"> {
  /** Executing begins after the newest snapshot before this tick. */
  readonly from: number;
  readonly instrumented?: TrackOptions["instrumented"];
  /** Default: this thread, with nothing of worlds before. */
  readonly machine?: TrackOptions["machine"];
}

/** `read` is given the world as of `to`, and nothing of it is left afterwards. @throws {WE_RUN_DIVERGED} */
export function readConfirmed<Result>(
  run: RecordedRun,
  { from, instrumented, machine, ...ticks }: ConfirmedTicks,
  read: (track: Track) => Result,
): Result {
  const track = openTrack(run, from === 0 ? undefined : from - 1, {
    ...(instrumented === undefined ? {} : { instrumented }),
    ...(machine === undefined ? {} : { machine }),
  });
  try {
    const difference = play(run, track, ticks);
    if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
    return read(track);
  } finally {
    track.close();
  }
}

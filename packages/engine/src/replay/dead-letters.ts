/** Dead letters of a recorded run. They are not stored: replay computes them again. */

import type { DeadLetterReport } from "../world/control.js";
import { reportDeadLetter } from "../world/dead-letter-log.js";
import { fail } from "../world/errors.js";
import { lastTick, play } from "./play.js";
import type { DeadLettersJob } from "./replay-contract.js";
import { openTrack } from "./track.js";
import type { RecordedRun } from "./track.js";

/** The job `dead-letters`. @throws {WE_RUN_TICK} @throws {WE_RUN_DIVERGED} */
export function deadLetters(run: RecordedRun, job: DeadLettersJob): readonly DeadLetterReport[] {
  const from = job.from ?? 0;
  const track = openTrack(run, from === 0 ? undefined : from - 1);
  const letters: DeadLetterReport[] = [];
  try {
    const difference = play(run, track, {
      to: lastTick(run, job.to),
      onTick: (tick, result) => {
        if (tick < from) return;
        result.deadLetters.forEach((letter, index) => {
          if (job.agent !== undefined && job.agent !== letter.agentId) return;
          letters.push(reportDeadLetter(track.world.genesis, index, letter));
        });
      },
    });
    if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
  } finally {
    track.close();
  }
  return letters;
}

/** Dead letters of a recorded run. They are not stored: replay computes them again. */

import type { DeadLetterReport } from "../world/control.js";
import { reportDeadLetter } from "../world/dead-letter-log.js";
import { readConfirmed } from "./confirmed-track.js";
import { tickRange } from "./play.js";
import type { OnTick } from "./play.js";
import type { DeadLettersJob } from "./replay-contract.js";
import type { RecordedRun } from "./track.js";

/** The job `dead-letters`. @throws {WE_RUN_TICK} @throws {WE_RUN_DIVERGED} */
export function deadLetters(run: RecordedRun, job: DeadLettersJob): readonly DeadLetterReport[] {
  const { from, to } = tickRange(run, job);
  const letters: DeadLetterReport[] = [];
  const onTick: OnTick = (tick, result) => {
    if (tick < from) return;
    result.deadLetters.forEach((letter, index) => {
      if (job.agent !== undefined && job.agent !== letter.agentId) return;
      letters.push(reportDeadLetter(run.genesis, index, letter));
    });
  };
  return readConfirmed(run, { from, to, onTick }, () => letters);
}

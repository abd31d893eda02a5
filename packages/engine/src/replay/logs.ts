/** Console lines of agents. They are not stored: replay computes them again. */

import { LogLevel } from "@wasm-engine/abi";
import { fail } from "../world/errors.js";
import { formatTime } from "../time/virtual-time.js";
import type { ConsoleLine, LogsJob } from "./replay-contract.js";
import { lastTick, play } from "./play.js";
import { openTrack } from "./track.js";
import type { RecordedRun } from "./track.js";

const levelNames = Object.entries(LogLevel);

/** The job `logs`. @throws {WE_RUN_TICK} @throws {WE_RUN_DIVERGED} */
export function consoleLines(run: RecordedRun, job: LogsJob): readonly ConsoleLine[] {
  const from = job.from ?? 0;
  const to = lastTick(run, job.to);
  const track = openTrack(run, from === 0 ? undefined : from - 1);
  const { epochNanos, tickNanos } = track.world.genesis;
  const lines: ConsoleLine[] = [];
  const difference = play(run, track, {
    to,
    onTick: (tick, result) => {
      if (tick < from) return;
      for (const { agentId, level, text } of result.console) {
        if (job.agent !== undefined && job.agent !== agentId) continue;
        const name = levelNames.find(([, number]) => number === level)?.[0].toLowerCase() ?? String(level);
        lines.push({
          tick,
          timestamp: formatTime(epochNanos + BigInt(tick) * tickNanos),
          agentId,
          level: name,
          text,
        });
      }
    },
  });
  if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
  return lines;
}

/** Console lines of agents, and their faults. They are not stored: replay computes them again. */

import type { FaultReport } from "../world/control.js";
import { levelName } from "../world/observation.js";
import { formatTime } from "../time/virtual-time.js";
import type { ConsoleLine, LogsJob } from "./replay-contract.js";
import { readConfirmed } from "./confirmed-track.js";
import { tickRange } from "./play.js";
import type { OnTick } from "./play.js";
import type { RecordedRun } from "./track.js";

/** The job `logs`. @throws {WE_RUN_TICK} @throws {WE_RUN_DIVERGED} */
export function consoleLines(run: RecordedRun, job: LogsJob): readonly ConsoleLine[] {
  const { from, to } = tickRange(run, job);
  const { epochNanos, tickNanos } = run.genesis;
  const lines: ConsoleLine[] = [];
  const onTick: OnTick = (tick, result, track) => {
    const faults = track.faults.note(tick, result);
    if (tick < from) return;
    const timestamp = formatTime(epochNanos + BigInt(tick) * tickNanos);
    const add = (line: Pick<ConsoleLine, "agentId" | "level" | "text">): void => {
      if (job.agent === undefined || job.agent === line.agentId) lines.push({ tick, timestamp, ...line });
    };
    for (const { agentId, level, text } of result.console)
      add({ agentId, level: levelName(level), text: run.stacks.map(text) });
    for (const fault of faults) add({ agentId: fault.agentId, level: "fault", text: faultText(fault) });
  };
  return readConfirmed(run, { from, to, onTick }, () => lines);
}

/** `TRAP: unreachable`; the code of the agent where it gave one. */
function faultText({ code, guestCode, detail }: FaultReport): string {
  const named = guestCode === 0 ? code : `${code} ${guestCode}`;
  return detail === "" ? named : `${named}: ${detail}`;
}

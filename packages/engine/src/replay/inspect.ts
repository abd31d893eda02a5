/** The world, or one agent of it, as sealed at a tick: computed by replay from the nearest snapshot. */

import { fail } from "../world/errors.js";
import { hex, reportAgents } from "../world/report.js";
import type { WorldReport } from "../world/control.js";
import { formatTime } from "../time/virtual-time.js";
import type { InspectJob } from "./replay-contract.js";
import { lastTick, play } from "./play.js";
import { openTrack } from "./track.js";
import type { RecordedRun } from "./track.js";

/** The job `inspect`. @throws {WE_RUN_TICK} @throws {WE_AGENT_UNKNOWN} @throws {WE_RUN_DIVERGED} */
export function inspect(run: RecordedRun, job: InspectJob): WorldReport {
  const at = lastTick(run, job.at);
  const track = openTrack(run, at);
  const difference = play(run, track, { to: at });
  if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
  const { world } = track;
  const agents = reportAgents(world, {
    ...(job.agent === undefined ? {} : { agent: job.agent }),
    describe: (agent) => track.describe(agent),
  });
  if (job.agent !== undefined && agents.length === 0)
    throw fail("WE_AGENT_UNKNOWN", { agent: job.agent, tick: at });
  const { epochNanos, tickNanos } = world.genesis;
  return {
    runId: run.runId,
    tick: world.tick,
    timestamp: formatTime(epochNanos + BigInt(Math.max(world.tick, 0)) * tickNanos),
    chainHead: hex(world.chainHead),
    stateHash: hex(world.stateHash()),
    agents,
  };
}

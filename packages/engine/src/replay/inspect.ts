/** The world, or one agent of it, as sealed at a tick: computed by replay from the nearest snapshot. */

import { adaptersOf } from "../adapters/adapter-report.js";
import { modelsOf } from "../inference/noted-models.js";
import { fail } from "../world/errors.js";
import { answererReports, reportWorld, withAnswerers } from "../world/report.js";
import type { WorldReport } from "../world/control.js";
import type { InspectJob } from "./replay-contract.js";
import { readConfirmed } from "./confirmed-track.js";
import { lookingOn } from "./look-machine.js";
import { lastTick } from "./play.js";
import type { RecordedRun } from "./track.js";

/** The job `inspect`. @throws {WE_RUN_TICK} @throws {WE_AGENT_UNKNOWN} @throws {WE_RUN_DIVERGED} */
export function inspect(run: RecordedRun, job: InspectJob): WorldReport {
  const at = lastTick(run, job.at);
  const { agent } = job;
  const report = lookingOn((machine) =>
    readConfirmed(run, { from: at + 1, to: at, machine }, (track) =>
      reportWorld(track.world, {
        runId: run.runId,
        ...(agent === undefined ? {} : { agent }),
        describe: (handle) => track.describe(handle),
      }),
    ),
  );
  if (agent !== undefined && report.agents.length === 0) throw fail("WE_AGENT_UNKNOWN", { agent, tick: at });
  const records = run.sideRecords();
  return withAnswerers(report, answererReports(modelsOf(records).models, adaptersOf(records)));
}

/** Figures of a run, as the command line and the library report them. */

import { formatTime } from "../time/virtual-time.js";
import type { Progress, RunResult, StopReason, WorldReport } from "./control.js";
import { fail } from "./errors.js";
import type { OpenRun } from "./open-run.js";
import { answererReports, hex, reportWorld, withAnswerers } from "./report.js";
import type { TickLoop } from "./tick-loop.js";
import { v8FlagsOf } from "./v8-flags.js";

/** Why and after which time a run call is over. */
interface RunEnding extends Pick<RunResult, "unsupervised" | "violation"> {
  readonly wallMs: number;
  readonly reason: StopReason;
}

export function runResultOf(run: OpenRun, end: RunEnding): RunResult {
  const { world, state } = run.loop;
  return {
    runId: run.runId,
    dir: run.dir,
    ticks: run.loop.reachedTick + 1,
    ticksExecuted: state.totals.ticksExecuted,
    chainHead: hex(world.chainHead),
    stateHash: hex(world.stateHash()),
    agents: world.agents().length,
    messages: state.totals.messages,
    inferences: state.totals.inferences,
    answers: { reused: run.loop.answerFigures.reused, asked: run.loop.answerFigures.asked },
    inferenceStallMs: Math.round(run.loop.inferenceStallMs),
    inferenceThreadDeaths: run.models?.threadDeaths ?? 0,
    toolCalls: state.totals.toolCalls,
    ...reportedAnswerers(run),
    adapterThreadDeaths: run.adapters?.threadDeaths ?? 0,
    fuel: state.totals.fuel,
    faults: state.totals.faults,
    faultDetails: run.loop.faults.first,
    ...(end.unsupervised === undefined ? {} : { unsupervised: end.unsupervised }),
    ...(end.violation === undefined ? {} : { violation: end.violation }),
    turnsExecuted: state.totals.turns,
    inputs: run.loop.loggedSeq,
    wallMs: end.wallMs,
    reason: end.reason,
    workers: run.workers(),
    threadsLost: run.threadsLost(),
    ...executingProcess(),
  };
}

/** The world of a run, or one agent of it, as of its last tick. @throws {WE_AGENT_UNKNOWN} */
export function inspectionOf(
  run: OpenRun,
  request: { readonly agent?: string; readonly describe: boolean },
): WorldReport {
  const { loop, describe, runId } = run;
  const { agent } = request;
  const report = reportWorld(loop.world, {
    runId,
    ...(agent === undefined ? {} : { agent }),
    ...(request.describe ? { describe } : {}),
  });
  if (agent !== undefined && report.agents.length === 0) {
    throw fail("WE_AGENT_UNKNOWN", { agent, tick: report.tick });
  }
  return withAnswerers(report, reportedAnswerers(run));
}

/** What answers requests: models, ONNX and others, and tools. */
function reportedAnswerers({ models, adapters }: OpenRun): Pick<RunResult, "models" | "tools"> {
  return answererReports(models?.reports ?? [], adapters?.reports ?? []);
}

export function progressOf(loop: TickLoop, wallMs: number): Progress {
  const { totals } = loop.state;
  const { genesis, tick } = loop.world;
  return {
    tick,
    timestamp: formatTime(genesis.epochNanos + BigInt(Math.max(tick, 0)) * genesis.tickNanos),
    turnsExecuted: totals.turns,
    messages: totals.messages,
    faults: totals.faults,
    agents: loop.world.agents().length,
    fuel: totals.fuel,
    wallMs,
  };
}

/** What executes the agents: reported, never part of the world. */
export function executingProcess(): { node: string; arch: string; v8Flags: readonly string[] } {
  const environment = (process.env["NODE_OPTIONS"] ?? "").split(/\s+/).filter((flag) => flag !== "");
  return {
    node: process.versions.node,
    arch: process.arch,
    v8Flags: v8FlagsOf([...process.execArgv, ...environment]),
  };
}

/**
 * Executes the ticks of a log again and compares commit by commit. Never asks a model or a tool: their results are
 * inputs of the log. On the first difference the agent is looked for by `locate`.
 */

import { assert } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { isExecutorLoss } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import { hex } from "../world/report.js";
import { ticksPerProgress } from "../world/limits.js";
import { executingProcess } from "../world/run-result.js";
import { locate } from "./locate.js";
import { play, tickRange } from "./play.js";
import type { Difference, OnTick } from "./play.js";
import type {
  FirstDivergence,
  ReplayJob,
  ReplayPart,
  ReplayProgress,
  ReplayReport,
  WorldMark,
} from "./replay-contract.js";
import type { Stretch } from "./replay-stretches.js";
import { openTrack } from "./track.js";
import type { RecordedRun, Track } from "./track.js";

/** The job `replay`. What executing threads lose is executed again once, from the start. @throws {WE_RUN_TICK} */
export function replay(run: RecordedRun, job: ReplayJob, surroundings: ReplaySurroundings): ReplayReport {
  try {
    return replayOnce(run, job, surroundings);
  } catch (error) {
    if (!isExecutorLoss(error)) throw error;
    return replayOnce(run, job, surroundings);
  }
}

export interface ReplaySurroundings {
  readonly machine: Machine;
  readonly onProgress: (progress: ReplayProgress) => void;
  /** Told at the start of an attempt, after every tick, and at the end, while the world still stands. */
  readonly onStart?: (track: Track) => void;
  readonly onTick?: OnTick;
  readonly onEnd?: (track: Track) => void;
  /** Whether a difference is traced to its agent; default: yes. */
  readonly locates?: boolean;
}

function replayOnce(run: RecordedRun, job: ReplayJob, surroundings: ReplaySurroundings): ReplayReport {
  const { machine, onProgress } = surroundings;
  const startedMs = performance.now();
  const { to } = tickRange(run, job);
  const track = openTrack(run, job.from, { machine });
  const from = track.world.tick + 1;
  const sums = { ticksExecuted: 0, turnsExecuted: 0, fuel: 0 };
  const flip = job.testing?.flip;
  surroundings.onStart?.(track);
  const onTick: OnTick = (tick, result, played, inputs) => {
    surroundings.onTick?.(tick, result, played, inputs);
    sums.ticksExecuted += 1;
    sums.turnsExecuted += result.figures.turns;
    sums.fuel += result.commit.fuel;
    if (sums.ticksExecuted % ticksPerProgress === 0) onProgress({ tick, turnsExecuted: sums.turnsExecuted });
  };
  try {
    const played = play(run, track, { to, onTick, ...(flip === undefined ? {} : { flip }) });
    const difference = played ?? compareEnd(run, track, to);
    surroundings.onEnd?.(track);
    const firstDivergence: FirstDivergence | undefined =
      difference === undefined || surroundings.locates === false
        ? undefined
        : locate(run, { difference, from: job.from, ...(flip && { flip }) });
    const whole = to === run.log.tick && difference === undefined;
    return {
      runId: run.runId,
      dir: run.dir,
      verified: difference === undefined,
      from,
      ticks: (whole ? Math.max(run.log.reachedTick, track.world.tick) : track.world.tick) + 1,
      ...sums,
      chainHead: hex(track.world.chainHead),
      ...(firstDivergence === undefined ? {} : { firstDivergence }),
      wallMs: Math.round(performance.now() - startedMs),
      workers: track.workers(),
      ...executingProcess(),
    };
  } finally {
    track.close();
  }
}

/** One part of a run. Nothing is tried twice or traced: if need be, all is executed in one piece afterwards. */
export function replayPart(
  run: RecordedRun,
  { from, to }: Pick<Stretch, "from" | "to">,
  surroundings: Pick<ReplaySurroundings, "machine" | "onProgress">,
): ReplayPart {
  let [begin, end]: (WorldMark | undefined)[] = [];
  const job: ReplayJob = { kind: "replay", dir: run.dir, to, ...(from === undefined ? {} : { from }) };
  const report = replayOnce(run, job, {
    ...surroundings,
    locates: false,
    onStart: (track) => {
      begin = from === undefined ? undefined : markOf(track);
    },
    onEnd: (track) => {
      end = markOf(track);
    },
  });
  assert(end !== undefined, "a part has an end");
  return { report, ...(begin === undefined ? {} : { begin }), end };
}

function markOf({ world }: Track): WorldMark {
  return { tick: world.tick, chainHead: hex(world.chainHead), stateHash: hex(world.stateHash()) };
}

/** The chain head of the log, and the state of a snapshot taken at the end, must be those of the replay. */
function compareEnd(run: RecordedRun, track: Track, to: number): Difference | undefined {
  const { world } = track;
  if (to < run.log.tick) return undefined;
  const { tick } = world;
  if (!equalBytes(run.log.chainHead, world.chainHead)) {
    return { tick, what: "chain", expected: hex(run.log.chainHead), actual: hex(world.chainHead) };
  }
  const kept = run.stateHashOfSnapshot(tick);
  const stateHash = kept === undefined ? undefined : world.stateHash();
  if (kept === undefined || stateHash === undefined || equalBytes(kept, stateHash)) return undefined;
  return { tick, what: "state", expected: hex(kept), actual: hex(stateHash) };
}

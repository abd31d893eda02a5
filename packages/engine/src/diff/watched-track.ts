/** A recorded run that is executed again for comparison: remembers the order of turns of the last tick. */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { TickResult } from "@wasm-engine/core";
import { singleThread } from "../threads/machine.js";
import type { ExecutorRequest, Machine, StartedExecutor } from "../threads/machine.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";
import { playTick } from "../replay/play.js";
import type { BitFlip } from "../replay/replay-contract.js";
import { openTrack } from "../replay/track.js";
import type { RecordedRun, Track } from "../replay/track.js";
import type { RecoveredTick } from "../storage/contract.js";

export interface WatchedTrack {
  readonly track: Track;
  readonly executor: AgentExecutor;
  /** Agents of the last executed tick in plan order. */
  readonly turns: readonly AgentHandle[];
  step(entry: RecoveredTick, flip: BitFlip | undefined): TickResult;
}

/** At the newest snapshot at or before `from`, or before tick 0. */
export function watchedTrack(run: RecordedRun, from: number | undefined): WatchedTrack {
  let executor: AgentExecutor | undefined;
  let turns: AgentHandle[] = [];
  const machine: Pick<Machine, "start"> = {
    start: (request: ExecutorRequest): StartedExecutor => {
      const started = singleThread.start(request);
      executor = telling(started.executor, (agent) => turns.push(agent));
      return { ...started, executor };
    },
  };
  const track = openTrack(run, from, { machine });
  assert(executor !== undefined, "a track starts its executor");
  return {
    track,
    executor,
    get turns() {
      return turns;
    },
    step: (entry, flip) => {
      turns = [];
      return playTick(track, entry, flip);
    },
  };
}

/** The same executor; `onTurn` hears of every turn in plan order, which is the order of calls of `turnsOf`. */
function telling(executor: AgentExecutor, onTurn: (agent: AgentHandle) => void): AgentExecutor {
  return {
    testing: executor.testing,
    apply: (operations, tick) => executor.apply(operations, tick),
    seal: (change) => executor.seal(change),
    mail: (tick) => executor.mail(tick),
    beginTick: (tick, timeNanos) => executor.beginTick(tick, timeNanos),
    turnsOf: (agent) => {
      onTurn(agent);
      return executor.turnsOf(agent);
    },
    execute: () => executor.execute(),
    outcomesOf: (agent) => executor.outcomesOf(agent),
    imageDigests: (agents) => executor.imageDigests(agents),
    describe: (agent) => executor.describe(agent),
    examine: (agent, name) => executor.examine(agent, name),
    images: () => executor.images(),
    pagedImages: (all) => executor.pagedImages(all),
    beginImages: (all) => executor.beginImages(all),
    takeImages: (count) => executor.takeImages(count),
    loadImages: (images) => executor.loadImages(images),
    figures: () => executor.figures(),
  };
}

/** A recorded run that is executed again for comparison: remembers the order of turns of the last tick. */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { TickResult } from "@wasm-engine/core";
import { witnessed } from "../observed/witnessed-executor.js";
import { singleThread } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
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
    start: (request) => {
      const started = singleThread.start(request);
      // Turns are asked for in plan order.
      executor = witnessed(started.executor, { onTurn: (agent) => turns.push(agent) });
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

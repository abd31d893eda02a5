/** Ticks of a recorded run executed again from the nearest snapshot, with what every turn received and asked for. */

import type { AgentHandle } from "@wasm-engine/abi";
import type { DeadLetter, TickResult } from "@wasm-engine/core";
import { compareCommits } from "../replay/play.js";
import type { Track } from "../replay/track.js";
import { fail } from "../world/errors.js";
import type { TrackBases } from "./track-bases.js";
import { TurnTap } from "./turn-tap.js";
import type { TappedTurn } from "./turn-tap.js";

export interface WatchedTick {
  readonly tick: number;
  readonly turns: readonly TappedTurn[];
  readonly deadLetters: readonly DeadLetter[];
  readonly track: Track;
  /** Id of an agent that lives or has lived since the snapshot. */
  readonly idOf: (agent: AgentHandle) => string | undefined;
}

/** Executes up to `to`; tells of ticks from `from` on. @throws {WE_RUN_DIVERGED} */
export function watchTicks(
  bases: TrackBases,
  { from, to }: { readonly from: number; readonly to: number },
  onTick: (watched: WatchedTick) => void,
): void {
  const tap = new TurnTap();
  const { run } = bases;
  const track = bases.open(from > 0 ? from - 1 : undefined, { machine: tap.machine });
  try {
    for (const { tick, inputs, commit } of run.log.ticks(track.world.tick)) {
      if (commit === undefined || tick > to) return;
      tap.turns = [];
      const result = track.world.step(tick, inputs);
      const difference = compareCommits(commit, result.commit);
      if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir: run.dir });
      if (tick >= from) onTick(watchedTick(tick, result, { track, tap }));
    }
  } finally {
    track.close();
  }
}

function watchedTick(
  tick: number,
  { deadLetters }: TickResult,
  { track, tap }: { readonly track: Track; readonly tap: TurnTap },
): WatchedTick {
  return { tick, turns: tap.turns, deadLetters, track, idOf: (agent) => tap.names.get(agent) };
}

/** Which snapshots of a run are kept: the first, the last, and between them the denser the newer. Pure. */

import { assert } from "@wasm-engine/abi";
import { snapshotsAffordableMax } from "./limits.js";

/** How many snapshots are kept at most, or all; `affordable`: as many as two limits allow, of count and of bytes. */
export type SnapshotKeep = number | "all" | "affordable";

/** The first and the last are always kept. */
export const snapshotsKeptMin = 2;

/**
 * Ticks whose snapshots go, ascending. Again and again the one goes whose neighbours are nearest to each other for
 * their age, so that gaps grow with age.
 * @param ticks of all snapshots, ascending
 */
export function ticksToRemove(ticks: readonly number[], keep: SnapshotKeep): readonly number[] {
  if (keep === "all") return [];
  if (keep === "affordable") return ticksToRemove(ticks, snapshotsAffordableMax);
  assert(keep >= snapshotsKeptMin, "the first and the last snapshot stay");
  const kept = [...ticks];
  const removed: number[] = [];
  while (kept.length > keep) {
    const index = leastNeeded(kept);
    removed.push(...kept.splice(index, 1));
  }
  return removed.sort((left, right) => left - right);
}

function leastNeeded(ticks: readonly number[]): number {
  const end = (ticks.at(-1) ?? 0) + 1;
  let least = Infinity;
  let found = 1;
  for (let index = 1; index + 1 < ticks.length; index += 1) {
    const before = ticks[index - 1] ?? 0;
    const need = ((ticks[index + 1] ?? 0) - before) / (end - before);
    if (need >= least) continue;
    least = need;
    found = index;
  }
  return found;
}

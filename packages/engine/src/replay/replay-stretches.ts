/**
 * Where a run is cut to be executed in parts: at snapshots, so that every part is about the same work. Work is taken to
 * be bytes of the log: a tick with much to do has many inputs, and one without has its commit. Owns arithmetic only.
 */

import type { LogState } from "@wasm-engine/core";
import { partsPerWorkerMax } from "./limits.js";

/** Executed from a snapshot, or the begin of the run, to another or its end. */
export interface Stretch {
  readonly from?: number;
  readonly to: number;
  /** In bytes of the log, about. */
  readonly work: number;
}

export interface RunToCut {
  /** Where it begins; absent: before the first tick. */
  readonly from: number | undefined;
  readonly to: number;
  /** Ticks of snapshots, ascending. */
  readonly snapshots: readonly number[];
  /** States of the log, ascending: the more, the better the work is known. */
  readonly heads: readonly Pick<LogState, "tick" | "position">[];
}

/**
 * Stretches that so many threads execute in the least time, each taking the longest that is left: as many as threads
 * where they come out even, more where they do not. `restoring` is what beginning one costs, as a share of all work.
 */
export function evenStretchesOf(run: RunToCut, workers: number, restoring: number): readonly Stretch[] {
  let best: readonly Stretch[] = stretchesOf(run, workers);
  for (let count = workers + 1; count <= workers * partsPerWorkerMax; count += 1) {
    const stretches = stretchesOf(run, count);
    if (longest(stretches, workers, restoring) < longest(best, workers, restoring)) best = stretches;
  }
  return best;
}

/** Work of the thread that has most of it. */
function longest(stretches: readonly Stretch[], workers: number, restoring: number): number {
  const all = stretches.reduce((sum, { work }) => sum + work, 0);
  const loads = Array.from({ length: workers }, () => 0);
  for (const work of stretches.map((stretch) => stretch.work).sort((left, right) => right - left)) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] = (loads[least] ?? 0) + work + restoring * all;
  }
  return Math.max(...loads);
}

/** At most `count` stretches in the order of the run, cut at the snapshots that are nearest to equal work. */
export function stretchesOf({ from, to, snapshots, heads }: RunToCut, count: number): readonly Stretch[] {
  const [begin, end] = [positionAt(heads, from ?? -1), positionAt(heads, to)];
  const inside = snapshots.filter((tick) => tick > (from ?? -1) && tick < to);
  const places = inside.map((tick) => ({ tick, position: positionAt(heads, tick) }));
  const cuts = new Set<number>();
  for (let cut = 1; cut < count; cut += 1) {
    const wanted = begin + ((end - begin) * cut) / count;
    const nearest = places.reduce<(typeof places)[number] | undefined>((best, place) => {
      const isNearer = best === undefined || distance(place, wanted) < distance(best, wanted);
      return isNearer ? place : best;
    }, undefined);
    if (nearest !== undefined) cuts.add(nearest.tick);
  }
  const ticks = [...cuts].sort((left, right) => left - right);
  return [from, ...ticks].map((first, index) => {
    const last = ticks[index] ?? to;
    const work = positionAt(heads, last) - positionAt(heads, first ?? -1);
    return { ...(first === undefined ? {} : { from: first }), to: last, work };
  });
}

function distance({ position }: { readonly position: number }, wanted: number): number {
  return Math.abs(position - wanted);
}

/** Bytes of the log up to a tick, as if they were spread evenly between two states. */
function positionAt(heads: RunToCut["heads"], tick: number): number {
  const next = heads.findIndex((head) => head.tick >= tick);
  const [before, after] = [heads[next - 1], heads[next]];
  if (after === undefined) return heads.at(-1)?.position ?? 0;
  if (before === undefined) return after.tick === tick ? after.position : 0;
  const share = (tick - before.tick) / Math.max(1, after.tick - before.tick);
  return before.position + (after.position - before.position) * share;
}

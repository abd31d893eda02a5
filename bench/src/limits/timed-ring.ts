/** Times a form of the ring that has no engine: how many hops it takes in a given time, and that it took them right. */

import { simulateRing } from "../ring.js";
import type { RingState } from "../ring.js";

/** Counts and checksums of every station after each of the N messages has made `hops` hops. */
export type RingForm = (
  stations: number,
  hops: number,
) => Promise<{ readonly elapsedMs: number } & Pick<RingState, "counts" | "checksums">>;

export interface LimitFigure {
  readonly name: string;
  readonly agents: number;
  readonly messagesPerSecond: number;
  readonly ok: boolean;
}

/** Hops of the first, short round, which tells how long the measured one must be. */
const calibrationHops = 20_000;

export async function timeRing(
  { name, form }: { readonly name: string; readonly form: RingForm },
  { stations, targetMs }: { readonly stations: number; readonly targetMs: number },
): Promise<LimitFigure> {
  const short = Math.ceil(calibrationHops / stations);
  const { elapsedMs } = await form(stations, short);
  // The short round runs cold: the measured one is at least ten times as long, and never endless.
  const factor = Math.min(20_000, Math.max(10, targetMs / Math.max(elapsedMs, 0.2)));
  const hops = Math.ceil(short * (targetMs < elapsedMs ? 1 : factor));
  const result = await form(stations, hops);
  const expected = simulateRing(stations, () => hops);
  return {
    name,
    agents: stations,
    messagesPerSecond: Math.round((stations * hops * 1000) / result.elapsedMs),
    ok: equal(expected.counts, result.counts) && equal(expected.checksums, result.checksums),
  };
}

function equal(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

/** Executes recorded ticks again, tick by tick, and compares commits. */

import { equalBytes } from "@wasm-engine/core";
import type { Commit, Input, TickResult } from "@wasm-engine/core";
import type { RecoveredTick } from "../storage/contract.js";
import { fail, tickError } from "../world/errors.js";
import { hex } from "../world/report.js";
import type { BitFlip } from "./replay-contract.js";
import type { RecordedRun, Track } from "./track.js";

/** A commit that differs from the log. */
export interface Difference {
  readonly tick: number;
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

/** What differs between a commit of the log and the one just computed; undefined where nothing does. */
export function compareCommits(logged: Commit, computed: Commit): Difference | undefined {
  const { tick } = logged;
  const differ = (what: string, expected: string, actual: string): Difference => ({
    tick,
    what,
    expected,
    actual,
  });
  const bytes = (value: Uint8Array | undefined): string => (value === undefined ? "none" : hex(value));
  if (bytes(logged.inputsDigest) !== bytes(computed.inputsDigest)) {
    return differ("inputs", bytes(logged.inputsDigest), bytes(computed.inputsDigest));
  }
  if (!equalBytes(logged.effectsDigest, computed.effectsDigest)) {
    return differ("effects", bytes(logged.effectsDigest), bytes(computed.effectsDigest));
  }
  if (logged.fuel !== computed.fuel) return differ("fuel", String(logged.fuel), String(computed.fuel));
  if (bytes(logged.stateHash) !== bytes(computed.stateHash)) {
    return differ("state", bytes(logged.stateHash), bytes(computed.stateHash));
  }
  return undefined;
}

/** Called after every executed tick. */
export type OnTick = (tick: number, result: TickResult, track: Track, inputs: readonly Input[]) => void;

export interface PlayOptions {
  readonly to: number;
  readonly flip?: BitFlip;
  readonly onTick?: OnTick;
}

/** Executes the committed ticks after the track's up to `to`. Stops at the first difference and returns it. */
export function play(run: RecordedRun, track: Track, options: PlayOptions): Difference | undefined {
  for (const entry of run.log.ticks(track.world.tick)) {
    if (entry.commit === undefined || entry.tick > options.to) break;
    const result = playTick(track, entry, options.flip);
    options.onTick?.(entry.tick, result, track, entry.inputs);
    const difference = compareCommits(entry.commit, result.commit);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Executes one recorded tick. */
export function playTick(track: Track, entry: RecoveredTick, flip: BitFlip | undefined): TickResult {
  if (flip?.tick === entry.tick) track.flip(flip);
  return track.world.step(entry.tick, entry.inputs);
}

/** The tick that a view asks for, or the last one. @throws {WE_RUN_TICK} */
export function lastTick(run: Pick<RecordedRun, "log">, asked: number | undefined): number {
  const last = run.log.tick;
  if (asked === undefined) return last;
  const reached = Math.max(last, run.log.reachedTick);
  if (!Number.isSafeInteger(asked) || asked < 0 || asked > reached) {
    throw tickError(asked, { first: 0, last: reached });
  }
  return asked;
}

/** Ticks of the run from one to another, both included. @throws {WE_RUN_TICK} {WE_RUN_RANGE} */
export function tickRange(
  run: Pick<RecordedRun, "log">,
  asked: { readonly from?: number; readonly to?: number },
): { readonly from: number; readonly to: number } {
  const to = lastTick(run, asked.to);
  // A run without ticks begins nowhere.
  const from = asked.from === undefined ? 0 : lastTick(run, asked.from);
  if (asked.from !== undefined && from > to) throw fail("WE_RUN_RANGE", { from, to });
  return { from, to };
}

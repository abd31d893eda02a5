/**
 * When a run takes snapshots by itself: every so many ticks where the configuration says so, else by what they cost and
 * what they save. Time is measured here because no snapshot shows in any result.
 */

import type { WorldContract } from "@wasm-engine/core";
import {
  hashesPerSnapshotMin,
  snapshotCostShareMax,
  snapshotMsPerAgent,
  snapshotWorkMsMin,
} from "./limits.js";

/** Ticks between snapshots; `affordable`: as often as they cost little; undefined: only where the run stops. */
export type SnapshotSpacing = number | "affordable" | undefined;

export class SnapshotPace {
  readonly #now: () => number;
  readonly #spacing: SnapshotSpacing;
  readonly #stateHashEvery: number;
  readonly #isFuture: boolean;
  /** A snapshot that is due is taken at that tick, whatever the one before still needs. */
  readonly isPromised: boolean;
  /** Time spent executing ticks since the last snapshot was begun. */
  #workMs = 0;
  /** What the last snapshot has taken of the loop's time so far. */
  #costMs = 0;

  /**
   * `waits`: ticks may wait for a snapshot, which they must not in a world that is paced. `isFuture`: it goes on from a
   * snapshot that many others go on from too. `now`: milliseconds of a
   * clock that never goes back (default: the process's).
   */
  constructor(
    spacing: SnapshotSpacing,
    stateHashEvery: number,
    options: { readonly waits: boolean; readonly isFuture?: boolean; readonly now?: () => number },
  ) {
    this.#now = options.now ?? (() => performance.now());
    // A paced world is told when: nobody wants hitches that the configuration does not name.
    this.#spacing = spacing === "affordable" && !options.waits ? undefined : spacing;
    this.#stateHashEvery = stateHashEvery;
    this.#isFuture = options.isFuture ?? false;
    this.isPromised = options.waits && typeof spacing === "number";
  }

  /** Calls `execute`, which executes a tick. */
  working<Result>(execute: () => Result): Result {
    const startedMs = this.#now();
    const result = execute();
    this.#workMs += this.#now() - startedMs;
    return result;
  }

  /** Calls `advance`, which does a part of a snapshot. */
  advancing<Result>(advance: () => Result): Result {
    const startedMs = this.#now();
    const result = advance();
    this.#costMs += this.#now() - startedMs;
    return result;
  }

  /** Calls `begin`, which begins a snapshot unless it cannot. */
  beginning(begin: () => boolean): boolean {
    const startedMs = this.#now();
    const isBegun = begin();
    if (!isBegun) return false;
    this.#workMs = 0;
    this.#costMs = this.#now() - startedMs;
    return true;
  }

  /** A run ends with a snapshot, a future only where executing it again takes longer than going on from one. */
  isWorthEnding({ tick, genesis }: WorldContract, snapshotTick: number): boolean {
    if (tick <= snapshotTick) return false;
    return !this.#isFuture || this.#workMs > genesis.agents.length * snapshotMsPerAgent;
  }

  /**
   * A hash of all agents that ran is most of what a snapshot costs at its tick: where it can, one has it for nothing.
   * @param age ticks since the last snapshot
   */
  isDue(tick: number, age: number): boolean {
    const spacing = this.#spacing;
    if (spacing === undefined) return false;
    const isHashed = tick % this.#stateHashEvery === 0;
    if (spacing === "affordable") {
      const wantedMs = Math.max(snapshotWorkMsMin, this.#costMs / snapshotCostShareMax);
      return this.#workMs >= (isHashed ? wantedMs : 2 * wantedMs);
    }
    if (age >= spacing) return true;
    return (
      isHashed &&
      this.#stateHashEvery * hashesPerSnapshotMin <= spacing &&
      age + this.#stateHashEvery > spacing
    );
  }
}

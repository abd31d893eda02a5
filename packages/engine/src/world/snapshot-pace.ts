/**
 * When a run takes snapshots by itself: every so many ticks where the configuration says so, else by what they cost and
 * what they save. Time is measured here because no snapshot shows in any result.
 */

import type { WorldContract } from "@wasm-engine/core";
import {
  hashesPerSnapshotMin,
  snapshotCostShareMax,
  snapshotCostsKept,
  snapshotCreditMs,
  snapshotHitchFactor,
  snapshotLoopMsPerAgent,
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
  #isBegun = false;
  /** The same of some before it. Before there are any: what so many agents take elsewhere, if that is known. */
  #beforeMs: readonly number[];
  /** What snapshots may still take: a share of the time in which ticks were executed, less what they took. */
  #creditMs = snapshotCreditMs;

  /**
   * `waits`: ticks may wait for a snapshot, which they must not in a world that is paced. `isFuture`: it goes on from a
   * snapshot that many others go on from too. `now`: milliseconds of a
   * clock that never goes back (default: the process's).
   */
  constructor(
    spacing: SnapshotSpacing,
    stateHashEvery: number,
    options: {
      readonly waits: boolean;
      readonly isFuture?: boolean;
      readonly agents?: number;
      readonly now?: () => number;
    },
  ) {
    this.#beforeMs = options.agents === undefined ? [] : [options.agents * snapshotLoopMsPerAgent];
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
    const ms = this.#now() - startedMs;
    this.#workMs += ms;
    const creditMs = this.#creditMs + ms * snapshotCostShareMax;
    this.#creditMs = Math.min(creditMs, Math.max(snapshotCreditMs, this.#costMs));
    return result;
  }

  /** Calls `advance`, which does a part of a snapshot. */
  advancing<Result>(advance: () => Result): Result {
    const startedMs = this.#now();
    const result = advance();
    this.#spend(this.#now() - startedMs);
    return result;
  }

  /**
   * Where one takes many times what those before it took, the machine did something else meanwhile, which ticks would
   * have met as well: that is not for snapshots to pay.
   */
  #spend(ms: number): void {
    const before = this.#beforeMs;
    const usualMs = before.reduce((sum, each) => sum + each, 0) / before.length;
    const chargedMs = before.length === 0 ? Infinity : usualMs * snapshotHitchFactor;
    this.#creditMs -= Math.max(0, Math.min(ms, chargedMs - this.#costMs));
    this.#costMs += ms;
  }

  /** Calls `begin`, which begins a snapshot unless it cannot. */
  beginning(begin: () => boolean): boolean {
    const startedMs = this.#now();
    const isBegun = begin();
    if (!isBegun) return false;
    this.#workMs = 0;
    if (this.#isBegun) this.#beforeMs = [this.#costMs, ...this.#beforeMs].slice(0, snapshotCostsKept);
    this.#isBegun = true;
    this.#costMs = 0;
    this.#spend(this.#now() - startedMs);
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
      // The cheapest: a hitch of the machine in one of them says nothing about the next.
      const costMs = Math.min(this.#costMs, ...this.#beforeMs);
      const patience = isHashed ? 1 : 2;
      return this.#workMs >= patience * snapshotWorkMsMin && this.#creditMs >= patience * costMs;
    }
    if (age >= spacing) return true;
    return (
      isHashed &&
      this.#stateHashEvery * hashesPerSnapshotMin <= spacing &&
      age + this.#stateHashEvery > spacing
    );
  }
}

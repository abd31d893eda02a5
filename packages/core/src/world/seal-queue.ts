/**
 * Ticks that were executed and are not in the chain yet, in order: the first waits for its state hash, those after it
 * for the first. Seals them as soon as the hash is there.
 */

import { assert } from "@wasm-engine/abi";
import { nextChainHead } from "../codec/chain.js";
import type { Commit, Seal } from "../model.js";
import type { WorldState } from "./world-state.js";

/** A commit without the hash that the first one waits for. */
export type OpenCommit = Omit<Commit, "stateHash">;

export class SealQueue {
  readonly #world: WorldState;
  /** The first covers the hash that is being computed. */
  #open: OpenCommit[] = [];
  #seals: Seal[] = [];

  constructor(world: WorldState) {
    this.#world = world;
  }

  /** Every tick is sealed, and every seal was taken. */
  get isEmpty(): boolean {
    return this.#open.length === 0 && this.#seals.length === 0;
  }

  /** Appends an executed tick. `isLate`: its state hash, where it covers one, may be computed later. */
  push(commit: OpenCommit, isLate: boolean): void {
    const { stateHash, genesis } = this.#world;
    if (commit.tick % genesis.stateHashEvery !== 0) {
      if (this.#open.length > 0) this.#open.push(commit);
      else this.#seal(commit);
      return;
    }
    this.complete();
    if (isLate && stateHash.begin(this.#world)) this.#open.push(commit);
    else this.#seal({ ...commit, stateHash: stateHash.of(this.#world) });
  }

  /** Does about `count` agents' worth; false where this thread has nothing left to do. */
  advance(count: number): boolean {
    return this.#world.stateHash.advance(count);
  }

  /** Agents' worth that this thread has left. */
  get left(): number {
    return this.#world.stateHash.left;
  }

  /** Seals every tick, whatever has to be computed for it. */
  complete(): void {
    const [first, ...others] = this.#open;
    if (first === undefined) return;
    this.#open = [];
    this.#seal({ ...first, stateHash: this.#world.stateHash.finish(this.#world) });
    for (const commit of others) this.#seal(commit);
  }

  /** Seals that were not taken. `all`: of every tick; else of those that nothing has to be waited for. */
  take(all: boolean): readonly Seal[] {
    if (all || this.#world.stateHash.isReady) this.complete();
    const seals = this.#seals;
    if (seals.length > 0) this.#seals = [];
    return seals;
  }

  #seal(commit: Commit): void {
    const world = this.#world;
    const last = this.#seals.at(-1);
    assert(last === undefined || last.commit.tick < commit.tick, "ticks are sealed in order");
    world.chainHead = nextChainHead(world.hasher, world.chainHead, commit);
    this.#seals.push({ commit, chainHead: world.chainHead });
  }
}

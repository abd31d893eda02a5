/**
 * Image digests of one moment, computed little by little while the world goes on. An image is taken over, mostly as a
 * copy, before its agent changes, at the latest right before the agent's next turn; it goes into the base, and its
 * digest is computed, before the base changes again. Taking over comes first: it is what the next turns would wait for.
 *
 *   owed -> taken over (the image of that moment is kept or in the base) -> computed
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { LateDigests } from "./executor-contract.js";
import type { KeptImage } from "./kept-image.js";
import type { ResidentAgent } from "./resident-agent.js";

/** What one agent owes. */
export interface OwedDigest {
  readonly agent: ResidentAgent;
  readonly index: number;
  isTakenOver: boolean;
  /** The image, where it was kept as a copy that is not in the base yet. */
  kept: KeptImage | undefined;
}

export interface OwedDigestsOptions {
  readonly agentOf: (handle: AgentHandle) => ResidentAgent;
  /** Makes the base of an agent its image as it counts now. */
  readonly settle: (agent: ResidentAgent) => void;
  /** Makes the image of an agent as it counts now outlast its next turns. */
  readonly keep: (agent: ResidentAgent) => void;
  /** Puts what was kept of an agent into its base. */
  readonly putAway: (agent: ResidentAgent) => void;
}

export class OwedDigests implements LateDigests {
  readonly #options: OwedDigestsOptions;
  #owed: readonly OwedDigest[] = [];
  #digests: (Uint8Array | undefined)[] = [];
  #nextTakenOver = 0;
  #nextComputed = 0;

  constructor(options: OwedDigestsOptions) {
    this.#options = options;
  }

  begin(agents: readonly AgentHandle[]): void {
    assert(this.#digests.length === 0, "digests that were begun are taken before the next");
    const owed: OwedDigest[] = [];
    const digests = agents.map((handle, index) => {
      const agent = this.#options.agentOf(handle);
      if (agent.digest !== undefined) return agent.digest;
      agent.owed = { agent, index, isTakenOver: false, kept: undefined };
      owed.push(agent.owed);
      return undefined;
    });
    this.#begin(owed, digests);
  }

  advance(count: number): boolean {
    for (let left = count; left > 0;) {
      const image = this.#owed[this.#nextTakenOver];
      const owed = image ?? this.#owed[this.#nextComputed];
      if (owed === undefined) return false;
      if (image === undefined) this.#nextComputed += 1;
      else this.#nextTakenOver += 1;
      // Turns and renewals may have been first.
      const isDone = image === undefined ? this.#digests[owed.index] !== undefined : image.isTakenOver;
      if (isDone) continue;
      if (image === undefined) this.compute(owed);
      else this.takeOver(owed);
      left -= 1;
    }
    return this.#nextComputed < this.#owed.length;
  }

  get left(): number {
    return 2 * this.#owed.length - this.#nextTakenOver - this.#nextComputed;
  }

  get isReady(): boolean {
    return this.#nextComputed === this.#owed.length;
  }

  take(): readonly Uint8Array[] {
    // One agent after the other: what was just copied is in the cache.
    for (const owed of this.#owed) this.compute(owed);
    const digests = this.#digests.map((digest) => {
      assert(digest !== undefined, "every digest is computed");
      return digest;
    });
    this.#begin([], []);
    return digests;
  }

  /** Nobody wants what was begun any more. */
  clear(): void {
    for (const { agent } of this.#owed) agent.owed = undefined;
    this.#begin([], []);
  }

  #begin(owed: readonly OwedDigest[], digests: (Uint8Array | undefined)[]): void {
    this.#owed = owed;
    this.#digests = digests;
    this.#nextTakenOver = 0;
    this.#nextComputed = 0;
  }

  /** The agent is about to change. */
  takeOver(owed: OwedDigest): void {
    if (owed.isTakenOver) return;
    this.#options.keep(owed.agent);
    owed.kept = owed.agent.kept;
    owed.isTakenOver = true;
  }

  /** The agent's base is about to change, or to go. */
  compute(owed: OwedDigest): void {
    const { agent, index } = owed;
    if (this.#digests[index] !== undefined) return;
    agent.owed = undefined;
    if (!owed.isTakenOver) this.#options.settle(agent);
    // Another copy than that is of a later moment.
    else if (owed.kept !== undefined && owed.kept === agent.kept) this.#options.putAway(agent);
    owed.isTakenOver = true;
    const digest = agent.base.digest();
    this.#digests[index] = digest;
    // What the base is and nothing has happened since: the agent as it is now has this digest, too.
    if (agent.digest === undefined && agent.journal.length === 0) agent.digest = digest;
  }
}

/**
 * Image digests of agents that lie on several threads: asked and answered in shared memory, at once or while the world
 * goes on. Late ones are computed by every thread whenever it has nothing else to do, and by the calling thread where
 * it is told to.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { LateDigests, TurnExecutor } from "@wasm-engine/executor";
import type { ThreadPeer } from "./thread-peer.js";
import { threadOf } from "./thread-peer.js";

export interface ThreadedDigestsParts {
  readonly local: TurnExecutor;
  /** Threads that have agents now. */
  readonly peers: () => readonly ThreadPeer[];
  /** Does the share of this thread and waits for all that were started. */
  readonly join: (share: () => void) => void;
}

export class ThreadedDigests implements LateDigests {
  readonly #parts: ThreadedDigestsParts;
  /** Of the digests that were begun and not taken, in order. */
  #agents: readonly AgentHandle[] | undefined;

  constructor(parts: ThreadedDigestsParts) {
    this.#parts = parts;
  }

  /** Digests were begun and not taken: they lie where their agents are, so nobody moves. */
  get isOpen(): boolean {
    return this.#agents !== undefined;
  }

  /** Digests of these agents as they are now, at once. */
  now(agents: readonly AgentHandle[]): readonly Uint8Array[] {
    assert(!this.isOpen, "digests that were begun are taken before others are asked for");
    const own = this.#ask(agents);
    for (const peer of this.#asked()) peer.answerDigests();
    let ownDigests: readonly Uint8Array[] = [];
    this.#parts.join(() => {
      ownDigests = this.#parts.local.imageDigests(own);
    });
    return this.#answers(agents, ownDigests);
  }

  begin(agents: readonly AgentHandle[]): void {
    assert(!this.isOpen, "digests that were begun are taken before the next");
    const own = this.#ask(agents);
    this.#agents = agents;
    for (const peer of this.#asked()) peer.beginDigests();
    this.#parts.join(() => {
      this.#parts.local.late.begin(own);
    });
  }

  advance(count: number): boolean {
    return this.#parts.local.late.advance(count);
  }

  get left(): number {
    return this.#parts.local.late.left;
  }

  get isReady(): boolean {
    return this.#parts.local.late.isReady && this.#asked().every((peer) => peer.areDigestsReady);
  }

  take(): readonly Uint8Array[] {
    const agents = this.#agents;
    assert(agents !== undefined, "digests are begun before they are taken");
    for (const peer of this.#asked()) if (!peer.areDigestsReady) peer.takeDigests();
    let ownDigests: readonly Uint8Array[] = [];
    this.#parts.join(() => {
      ownDigests = this.#parts.local.late.take();
    });
    this.#agents = undefined;
    return this.#answers(agents, ownDigests);
  }

  /** Writes the questions; those that fall to the calling thread are returned. */
  #ask(agents: readonly AgentHandle[]): readonly AgentHandle[] {
    const peers = this.#parts.peers();
    const own: AgentHandle[] = [];
    for (const peer of peers) peer.digests.begin();
    for (const agent of agents) {
      const peer = peers[threadOf(agent, peers.length + 1) - 1];
      if (peer === undefined) own.push(agent);
      else peer.digests.ask(agent);
    }
    return own;
  }

  #asked(): readonly ThreadPeer[] {
    return this.#parts.peers().filter((peer) => peer.digests.count > 0);
  }

  #answers(agents: readonly AgentHandle[], own: readonly Uint8Array[]): readonly Uint8Array[] {
    const peers = this.#parts.peers();
    const workers = peers.length + 1;
    const next = new Array<number>(workers).fill(0);
    return agents.map((agent) => {
      const thread = threadOf(agent, workers);
      const index = next[thread] ?? 0;
      next[thread] = index + 1;
      const digest = peers[thread - 1]?.digests.answer(index) ?? own[index];
      assert(digest !== undefined, "every agent has a digest");
      return digest;
    });
  }
}

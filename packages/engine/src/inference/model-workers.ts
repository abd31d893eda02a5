/**
 * Inference threads that hold the same models: one, or several for a model that is to answer more at a time. Which of
 * them answers changes no bit: texts are written, rows are joined and beginnings of prompts are kept by rules that do
 * not know who else is there. Only threads with one fingerprint are asked.
 */

import { assert } from "@wasm-engine/abi";
import type { ExternalRequest, ModelFacts } from "@wasm-engine/core";
import type { AnswerEvent } from "./answerer.js";
import { ModelThread } from "./model-thread.js";
import type { ModelThreadParts } from "./model-thread.js";

export class ModelWorkers {
  readonly #threads: readonly ModelThread[];
  /** The thread whose facts are those of the models. */
  #lead = 0;

  /** @param count threads; more than one only where they hold a single model */
  constructor(parts: ModelThreadParts, count: number) {
    assert(count === 1 || parts.models.length === 1, "threads that share their work hold one model");
    this.#threads = Array.from({ length: count }, () => new ModelThread(parts));
  }

  get threadCount(): number {
    return this.#threads.length;
  }

  /** True once every model is loaded everywhere. @throws {WE_INFERENCE_THREAD} and what loading throws */
  get isLoaded(): boolean {
    // Each is looked at: one that failed must not be hidden behind one that still loads.
    return this.#threads.filter((thread) => !thread.isLoaded).length === 0;
  }

  /** Facts of the models, in the order of the specifications; undefined until they are loaded. */
  get facts(): readonly (ModelFacts | undefined)[] {
    return this.#threads[this.#lead]?.facts ?? [];
  }

  get deaths(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.deaths, 0);
  }

  /** Texts go to the threads with the least to do, one by one; rows of other models in even shares. */
  ask(model: number, requests: readonly ExternalRequest[], seeds: readonly number[]): void {
    const [first, ...others] = this.#equals(model);
    assert(first !== undefined, "the thread whose facts count is equal to itself");
    if (others.length === 0) return first.ask(model, requests, seeds);
    const isText = this.facts[model]?.text !== undefined;
    const shares = isText
      ? byLoad([first, ...others], requests.length)
      : inEvenShares([first, ...others], requests.length);
    for (const [thread, indices] of shares) {
      if (indices.length === 0) continue;
      const asked = indices.flatMap((index) => requests[index] ?? []);
      thread.ask(
        model,
        asked,
        indices.flatMap((index) => seeds[index] ?? []),
      );
    }
  }

  forget(request: ExternalRequest): void {
    for (const thread of this.#threads) thread.forget(request);
  }

  /** @throws the error that a thread cannot go on with */
  poll(): readonly AnswerEvent[] {
    const [only] = this.#threads;
    if (this.#threads.length === 1 && only !== undefined) return only.poll();
    return this.#threads.flatMap((thread, index) => {
      const events = thread.poll();
      // Nobody goes back to a provider that has failed somewhere: threads without the new one are not asked any more.
      if (events.some(({ kind }) => kind === "changed")) this.#lead = index;
      return events;
    });
  }

  looksAgain(): boolean {
    return this.#threads.some((thread) => thread.looksAgain());
  }

  /** Asks every thread to end. */
  leave(): void {
    for (const thread of this.#threads) thread.leave();
  }

  /** Returns when every thread has ended, or after a deadline. */
  close(): void {
    this.leave();
    for (const thread of this.#threads) thread.close();
  }

  /** Threads whose answers have the bits of those of the lead, which is among them. */
  #equals(model: number): readonly ModelThread[] {
    const fingerprint = this.facts[model]?.fingerprint;
    return this.#threads.filter((thread) => thread.facts[model]?.fingerprint === fingerprint);
  }
}

type Shares = ReadonlyMap<ModelThread, readonly number[]>;

function byLoad(threads: readonly ModelThread[], count: number): Shares {
  const shares = new Map(threads.map((thread) => [thread, [] as number[]]));
  for (let index = 0; index < count; index += 1) {
    let least: readonly [number, number[]] = [Infinity, []];
    for (const [thread, indices] of shares) {
      const load = thread.openRequests + indices.length;
      if (load < least[0]) least = [load, indices];
    }
    least[1].push(index);
  }
  return shares;
}

/** Neighbours stay together: they are joined in one run where they can be. */
function inEvenShares(threads: readonly ModelThread[], count: number): Shares {
  const indices = Array.from({ length: count }, (_, index) => index);
  const cut = (part: number): number => Math.ceil((count * part) / threads.length);
  return new Map(threads.map((thread, part) => [thread, indices.slice(cut(part), cut(part + 1))]));
}

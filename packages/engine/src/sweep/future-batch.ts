/**
 * The futures of a sweep that are not known yet, executed together: some processes, each with its share of them. Where
 * a share cannot be made, nothing of it is an outcome, and whoever asks executes the future alone to learn which.
 */

import { rmSync } from "node:fs";
import { EngineError } from "@wasm-engine/abi";
import { runFutures } from "../client/fork-run.js";
import type { AskedFuture, FuturesOptions } from "../client/fork-run.js";
import type { FutureOutcome } from "../fork/contract.js";

/** A future with the folder that it gets. */
export interface BatchedFuture extends AskedFuture {
  readonly dir: string;
}

interface Waiting {
  readonly future: BatchedFuture;
  readonly outcome: Promise<FutureOutcome | undefined>;
  readonly settle: (outcome: FutureOutcome | undefined) => void;
  /** Its outcome is known, and whoever asked for it has it: its run stays. */
  isKept: boolean;
}

export class FutureBatch {
  readonly #waiting = new Map<string, Waiting>();
  readonly #parent: string;
  readonly #options: FuturesOptions & { readonly jobs: number };
  #running: Promise<unknown> | undefined;

  constructor(parent: string, options: FuturesOptions & { readonly jobs: number }) {
    this.#parent = parent;
    this.#options = options;
  }

  /** Adds a future by its key, before the first is asked for. */
  add(key: string, future: BatchedFuture): void {
    let settle: Waiting["settle"] = () => undefined;
    const outcome = new Promise<FutureOutcome | undefined>((resolve) => {
      settle = resolve;
    });
    this.#waiting.set(key, { future, outcome, settle, isKept: false });
  }

  /** What became of a future; undefined where it was not executed here. */
  async outcomeOf(key: string): Promise<FutureOutcome | undefined> {
    this.#running ??= this.#run();
    const waiting = this.#waiting.get(key);
    if (waiting === undefined || waiting.isKept) return undefined;
    const outcome = await waiting.outcome;
    waiting.isKept = outcome !== undefined;
    return outcome;
  }

  /** Returns when no process is left. What nobody has taken must not stand among the runs. */
  async close(): Promise<void> {
    await this.#running;
    for (const { future, isKept } of this.#waiting.values())
      if (!isKept) rmSync(future.dir, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const { jobs } = this.#options;
    const all = [...this.#waiting.values()];
    const shares = Array.from({ length: jobs }, (_, job) =>
      all.filter((_one, index) => index % jobs === job),
    );
    await Promise.all(shares.filter((share) => share.length > 0).map((share) => this.#runShare(share)));
  }

  async #runShare(share: readonly Waiting[]): Promise<void> {
    const onFuture = (outcome: FutureOutcome): void => share[outcome.index]?.settle(outcome);
    const futures = share.map(({ future }) => future);
    try {
      await runFutures(this.#parent, { ...this.#options, onFuture }, futures);
    } catch (error) {
      if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    } finally {
      for (const { settle } of share) settle(undefined);
    }
  }
}

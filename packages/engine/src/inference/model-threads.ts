/** All models of a world, spread over threads: one for those that share, one or several for each that has its own. */

import { assert } from "@wasm-engine/abi";
import type { ExternalRequest } from "@wasm-engine/core";
import type { Delivery, ModelSetup } from "../world/contract.js";
import type { AnswerEvent, AnswerSchedule, RequestTarget } from "./answerer.js";
import type { KeptTextsOptions, ModelReport, Models, ServiceOptions } from "./contract.js";
import { loadPollMs } from "./limits.js";
import { specOf } from "./model-spec.js";
import { ModelWorkers } from "./model-workers.js";
import type { ThreadHost } from "../threads/thread-host.js";

export interface ModelThreadsParts {
  readonly setups: readonly ModelSetup[];
  /** Where neither a model nor anybody else says how its answers enter. */
  readonly delivery: Delivery;
  readonly service: string;
  readonly options: ServiceOptions;
  readonly keptTexts: KeptTextsOptions;
  /** Threads give way to the loop, which keeps up with a clock. */
  readonly yields: boolean;
  readonly host: ThreadHost;
  readonly bell?: SharedArrayBuffer;
}

interface Place {
  readonly workers: ModelWorkers;
  /** Index among the models of these threads. */
  readonly index: number;
  readonly setup: ModelSetup;
}

export class ModelThreads implements Models {
  /** An ONNX model does nothing outside of its thread. */
  readonly waitsForLog = false;
  readonly #groups: ModelWorkers[] = [];
  readonly #places = new Map<string, Place>();
  readonly #delivery: Delivery;

  private constructor(parts: ModelThreadsParts) {
    this.#delivery = parts.delivery;
    const shared = parts.setups.filter((setup) => !isAlone(setup));
    const groups = [shared, ...parts.setups.filter(isAlone).map((setup) => [setup])];
    for (const group of groups) {
      const [first] = group;
      if (first === undefined) continue;
      const count = isAlone(first) ? (first.workers ?? 1) : 1;
      const workers = new ModelWorkers({ ...parts, models: group.map(specOf) }, count);
      this.#groups.push(workers);
      group.forEach((setup, index) => this.#places.set(setup.name, { workers, index, setup }));
    }
  }

  /** Returns when every model is loaded. @throws {WE_INFERENCE_THREAD} and what loading throws */
  static async open(parts: ModelThreadsParts): Promise<ModelThreads> {
    const models = new ModelThreads(parts);
    try {
      while (!models.#groups.every((workers) => workers.isLoaded)) {
        await new Promise((resolve) => setTimeout(resolve, loadPollMs));
      }
    } catch (error) {
      models.close();
      throw error;
    }
    return models;
  }

  schedule({ kind, name }: RequestTarget): AnswerSchedule | undefined {
    const place = kind === "inference" ? this.#places.get(name) : undefined;
    const facts = place?.workers.facts[place.index];
    if (place === undefined || facts === undefined) return undefined;
    return {
      delivery: place.setup.delivery ?? this.#delivery,
      latencyTicks: place.setup.latencyTicks ?? facts.latencyTicks,
      ...(facts.text === undefined ? {} : { text: facts.text }),
    };
  }

  ask(model: string, requests: readonly ExternalRequest[], seeds: readonly number[] = []): void {
    const place = this.#places.get(model);
    assert(place !== undefined, "only models of the world are asked");
    place.workers.ask(place.index, requests, seeds);
  }

  /** Texts end at their next token. Runs of other models are not cut off: the desk drops what nobody waits for. */
  forget(request: ExternalRequest): void {
    for (const workers of this.#groups) workers.forget(request);
  }

  poll(): readonly AnswerEvent[] {
    const [only] = this.#groups;
    if (this.#groups.length === 1 && only !== undefined) return only.poll();
    return this.#groups.flatMap((workers) => workers.poll());
  }

  /** Threads that run models. */
  get threadCount(): number {
    return this.#groups.reduce((sum, { threadCount }) => sum + threadCount, 0);
  }

  looksAgain(): boolean {
    return this.#groups.some((workers) => workers.looksAgain());
  }

  get reports(): readonly ModelReport[] {
    return [...this.#places.values()].flatMap(({ workers, index, setup }) => {
      const facts = workers.facts[index];
      if (facts === undefined) return [];
      const { delivery = this.#delivery, latencyTicks = facts.latencyTicks } = setup;
      return [{ ...facts, latencyTicks, delivery, workers: workers.threadCount }];
    });
  }

  get threadDeaths(): number {
    return this.#groups.reduce((sum, workers) => sum + workers.deaths, 0);
  }

  close(): void {
    // All are asked before one is waited for.
    for (const workers of this.#groups) workers.leave();
    for (const workers of this.#groups) workers.close();
  }
}

/** A model with threads of its own. */
function isAlone({ thread, workers = 1 }: ModelSetup): boolean {
  return thread === "own" || workers > 1;
}

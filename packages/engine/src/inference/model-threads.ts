/** All models of a world, spread over threads: one for those that share, one for each that has its own. */

import { assert } from "@wasm-engine/abi";
import type { ExternalRequest, ModelSpec } from "@wasm-engine/core";
import type { Delivery, ModelSetup } from "../world/contract.js";
import type { AnswerEvent, AnswerSchedule, RequestTarget } from "./answerer.js";
import type { KeptTextsOptions, ModelReport, Models, ServiceOptions } from "./contract.js";
import { loadPollMs } from "./limits.js";
import { ModelThread } from "./model-thread.js";
import type { ThreadHost } from "../threads/thread-host.js";

export interface ModelThreadsParts {
  readonly setups: readonly ModelSetup[];
  /** Where neither a model nor anybody else says how its answers enter. */
  readonly delivery: Delivery;
  readonly service: string;
  readonly options: ServiceOptions;
  readonly keptTexts: KeptTextsOptions;
  readonly host: ThreadHost;
  readonly bell?: SharedArrayBuffer;
}

interface Place {
  readonly thread: ModelThread;
  /** Index among the models of the thread. */
  readonly index: number;
  readonly setup: ModelSetup;
}

export class ModelThreads implements Models {
  /** An ONNX model does nothing outside of its thread. */
  readonly waitsForLog = false;
  readonly #threads: ModelThread[] = [];
  readonly #places = new Map<string, Place>();
  readonly #delivery: Delivery;

  private constructor(parts: ModelThreadsParts) {
    this.#delivery = parts.delivery;
    const shared = parts.setups.filter(({ thread }) => thread === "shared");
    const groups = [shared, ...parts.setups.filter(({ thread }) => thread === "own").map((setup) => [setup])];
    for (const group of groups) {
      if (group.length === 0) continue;
      const thread = new ModelThread({ ...parts, models: group.map(specOf) });
      this.#threads.push(thread);
      group.forEach((setup, index) => this.#places.set(setup.name, { thread, index, setup }));
    }
  }

  /** Returns when every model is loaded. @throws {WE_INFERENCE_THREAD} and what loading throws */
  static async open(parts: ModelThreadsParts): Promise<ModelThreads> {
    const models = new ModelThreads(parts);
    try {
      while (!models.#threads.every((thread) => thread.isLoaded)) {
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
    const facts = place?.thread.facts[place.index];
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
    place.thread.ask(place.index, requests, seeds);
  }

  /** Texts end at their next token. Runs of other models are not cut off: the desk drops what nobody waits for. */
  forget(request: ExternalRequest): void {
    this.#places.get(request.name)?.thread.forget(request);
  }

  poll(): readonly AnswerEvent[] {
    const [only] = this.#threads;
    if (this.#threads.length === 1 && only !== undefined) return only.poll();
    return this.#threads.flatMap((thread) => thread.poll());
  }

  /** Threads that run models. */
  get threadCount(): number {
    return this.#threads.length;
  }

  looksAgain(): boolean {
    return this.#threads.some((thread) => thread.looksAgain());
  }

  get reports(): readonly ModelReport[] {
    return [...this.#places.values()].flatMap(({ thread, index, setup }) => {
      const facts = thread.facts[index];
      if (facts === undefined) return [];
      const { delivery = this.#delivery, latencyTicks = facts.latencyTicks } = setup;
      return [{ ...facts, latencyTicks, delivery }];
    });
  }

  get threadDeaths(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.deaths, 0);
  }

  close(): void {
    for (const thread of this.#threads) thread.close();
  }
}

/** What the inference package is given of a model. */
export function specOf({
  name,
  dir,
  file,
  providers,
  digest,
  version,
  pinned: stays,
}: ModelSetup): ModelSpec {
  const pinned = { ...(digest === undefined ? {} : { digest }), ...(file === undefined ? {} : { file }) };
  const kept = stays === true ? { pinned: true } : {};
  return { name, dir, providers, ...pinned, ...kept, ...(version === undefined ? {} : { version }) };
}

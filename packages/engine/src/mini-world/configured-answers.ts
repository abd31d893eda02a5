/**
 * Adapters of a configuration inside of a test: tools and what stands for models answer as they do in a run, made when
 * they are first asked. Servers are not asked: a test depends on nothing outside.
 */

import { AdapterService } from "../adapters/adapter-service.js";
import type { AdapterNews } from "../adapters/adapter-messages.js";
import type { AdapterAnswer, AdapterRequest, AdapterSetup } from "../adapters/contract.js";
import type { Answerers } from "./answer-desk.js";
import { SettledAnswer } from "./answers.js";
import type { Answerer } from "./answers.js";

/** Answerers by name. They hold nothing that would have to be closed but what tools hold themselves. */
export function configuredAnswerers(setups: readonly AdapterSetup[], baseDirectory: string): Answerers {
  const own = setups.filter(({ kind }) => kind !== "openai");
  const entries = own.map((setup) => [setup, new ConfiguredAdapter(setup, baseDirectory)] as const);
  const of = (serves: AdapterSetup["serves"]): ReadonlyMap<string, Answerer> =>
    new Map(
      entries.filter(([setup]) => setup.serves === serves).map(([{ name }, answerer]) => [name, answerer]),
    );
  return { models: of("inference"), tools: of("tool") };
}

class ConfiguredAdapter implements Answerer {
  readonly latencyTicks: number;
  readonly #setup: AdapterSetup;
  readonly #baseDirectory: string;
  readonly #waiting = new Map<string, (answer: AdapterAnswer) => void>();
  #service: Promise<AdapterService> | undefined;

  constructor(setup: AdapterSetup, baseDirectory: string) {
    this.#setup = setup;
    this.#baseDirectory = baseDirectory;
    this.latencyTicks = setup.latencyTicks ?? 1;
  }

  /** @throws what an adapter has against its setup */
  async answer({ raw }: { readonly raw: AdapterRequest }): Promise<SettledAnswer> {
    const options = { baseDirectory: this.#baseDirectory, askAnew: false };
    this.#service ??= AdapterService.open([this.#setup], options, (news) => this.#hear(news));
    const service = await this.#service;
    const answer = await new Promise<AdapterAnswer>((resolve) => {
      this.#waiting.set(raw.id, resolve);
      service.ask(0, raw);
    });
    return new SettledAnswer(answer);
  }

  /** Parts are dropped, as where a tick waits for its answers. */
  #hear(news: AdapterNews): void {
    if (news.kind !== "answer") return;
    this.#waiting.get(news.id)?.(news.answer);
    this.#waiting.delete(news.id);
  }
}

/**
 * Adapters inside of a test: tools and what stands for models answer as they do in a run, made when they are first
 * asked. Servers and functions of programs are not asked: a test gives its own.
 */

import { AdapterService } from "../adapters/adapter-service.js";
import type { AdapterNews } from "../adapters/adapter-messages.js";
import type { AdapterAnswer, AdapterRequest, AdapterSetup } from "../adapters/contract.js";
import type { ToolDefinition } from "../adapters/tool.js";
import type { Answerers } from "./answer-desk.js";
import { SettledAnswer } from "./answers.js";
import type { Answerer } from "./answers.js";

/** What an adapter is made from. */
export interface AdapterSource {
  readonly setup: AdapterSetup;
  /** A tool that the test has in memory. */
  readonly definition?: ToolDefinition;
}

/** What all adapters of a world share. */
export interface AdapterWorld {
  readonly baseDirectory: string;
  /** Values by name; they win over what a configuration says. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Answerers by name. They hold nothing that would have to be closed but what tools hold themselves. */
export function configuredAnswerers(sources: readonly AdapterSource[], world: AdapterWorld): Answerers {
  const own = sources.filter(({ setup }) => setup.kind !== "openai" && setup.kind !== "program");
  const entries = own.map((source) => [source.setup, new ConfiguredAdapter(source, world)] as const);
  const of = (serves: AdapterSetup["serves"]): ReadonlyMap<string, Answerer> =>
    new Map(
      entries.filter(([setup]) => setup.serves === serves).map(([{ name }, answerer]) => [name, answerer]),
    );
  return { models: of("inference"), tools: of("tool") };
}

class ConfiguredAdapter implements Answerer {
  readonly latencyTicks: number;
  readonly #source: AdapterSource;
  readonly #world: AdapterWorld;
  readonly #waiting = new Map<string, (answer: AdapterAnswer) => void>();
  #service: Promise<AdapterService> | undefined;

  constructor(source: AdapterSource, world: AdapterWorld) {
    this.#source = source;
    this.#world = world;
    this.latencyTicks = source.setup.latencyTicks ?? 1;
  }

  /** @throws what an adapter has against its setup */
  async open(): Promise<void> {
    await this.#opened();
  }

  /** @throws what an adapter has against its setup */
  async answer({ raw }: { readonly raw: AdapterRequest }): Promise<SettledAnswer> {
    const service = await this.#opened();
    const answer = await new Promise<AdapterAnswer>((resolve) => {
      this.#waiting.set(raw.id, resolve);
      service.ask(0, raw);
    });
    return new SettledAnswer(answer);
  }

  #opened(): Promise<AdapterService> {
    const { setup, definition } = this.#source;
    const { baseDirectory, secrets } = this.#world;
    const definitions = new Map(definition === undefined ? [] : [[setup.name, definition]]);
    const options = { baseDirectory, askAnew: false, inMemory: { secrets, definitions } };
    this.#service ??= AdapterService.open([setup], options, (news) => this.#hear(news));
    return this.#service;
  }

  /** Parts are dropped, as where a tick waits for its answers. */
  #hear(news: AdapterNews): void {
    if (news.kind !== "answer") return;
    this.#waiting.get(news.id)?.(news.answer);
    this.#waiting.delete(news.id);
  }
}

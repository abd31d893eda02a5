/** Models whose changes are kept with the run: what answered, from which tick on, and what happened to the threads. */

import type { ExternalRequest, Json } from "@wasm-engine/core";
import type { AnswerEvent } from "./answerer.js";
import type { ModelReport, Models } from "./contract.js";

/** Appends one side record. */
export type NoteSideRecord = (kind: string, data: Json) => void;

/** Kind of the side records that {@link modelsOf} reads. */
export const modelsRecordKind = "inference";
const deathRecordKind = "inference-thread";

/** Notes the models as they are. `fromTick`: the first tick that answers from now on can enter. */
export function noteModels(models: Models, note: NoteSideRecord, fromTick: number): void {
  note(modelsRecordKind, { fromTick, models: models.reports } as unknown as Json); // plain data
}

/** How the models of one run are noted and asked. */
export interface NotedModelsParts {
  readonly note: NoteSideRecord;
  readonly nextTick: () => number;
  /** What a text is drawn with. */
  readonly seedOf: (request: ExternalRequest) => number;
}

/** The same models, whose changes are noted when they are heard of, and whose texts get the seeds of their requests. */
export function notedModels(models: Models, { note, nextTick, seedOf }: NotedModelsParts): Models {
  /** Heard, and not given away before it is noted. */
  const heard: AnswerEvent[] = [];
  return {
    waitsForLog: models.waitsForLog,
    schedule: (target) => models.schedule(target),
    ask: (model, requests) => {
      const isText = models.schedule({ kind: "inference", name: model })?.text !== undefined;
      models.ask(model, requests, isText ? requests.map(seedOf) : []);
    },
    forget: (request) => models.forget(request),
    poll: () => {
      heard.push(...models.poll());
      for (const event of heard) {
        if (event.kind === "died")
          note(deathRecordKind, { fromTick: nextTick(), cause: event.cause, deaths: event.deaths });
      }
      if (heard.some(({ kind }) => kind === "changed")) noteModels(models, note, nextTick());
      return heard.splice(0);
    },
    looksAgain: () => models.looksAgain(),
    get reports() {
      return models.reports;
    },
    get threadDeaths() {
      return models.threadDeaths;
    },
    close: () => models.close(),
  };
}

/** The models in side records: as last noted, and every fingerprint that any of them ever had. */
export function modelsOf(records: readonly { readonly kind: string; readonly data: Json }[]): {
  readonly models: readonly ModelReport[];
  readonly fingerprints: ReadonlyMap<string, ReadonlySet<string>>;
} {
  const fingerprints = new Map<string, Set<string>>();
  let models: readonly ModelReport[] = [];
  for (const { kind, data } of records) {
    if (kind !== modelsRecordKind) continue;
    ({ models } = data as unknown as { models: readonly ModelReport[] }); // written by notedModels
    for (const { name, fingerprint } of models) {
      fingerprints.set(name, (fingerprints.get(name) ?? new Set()).add(fingerprint));
    }
  }
  return { models, fingerprints };
}

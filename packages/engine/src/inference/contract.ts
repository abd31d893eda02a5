/**
 * What the parts of inference in the engine say to each other: how a thread is started, what a tick loop asks of
 * models, and what reports show of them. Nothing here enters the world; answers do, as logged inputs.
 */

import type { ExternalRequest, InferenceService, ModelFacts, ModelSpec } from "@wasm-engine/core";
import type { Delivery } from "../world/contract.js";
import type { Answerer } from "./answerer.js";

/** What an inference thread is started with. */
export interface InferenceThreadData {
  readonly buffer: SharedArrayBuffer;
  /** Bell of the orchestrator's loop; absent where that has an event loop. */
  readonly bell?: SharedArrayBuffer;
  /** Module that has `createInferenceService`. */
  readonly service: string;
  readonly models: readonly ModelSpec[];
  readonly options: ServiceOptions;
  readonly keptTexts: KeptTextsOptions;
  /** It gives way to the other threads of the process, where the system can do that for a single thread. */
  readonly yields: boolean;
}

/** Where texts are kept for later runs. */
export interface KeptTextsOptions {
  readonly directory: string;
  /** Nothing that was kept is taken. */
  readonly asksAnew: boolean;
}

/** What `createInferenceService` takes. */
export interface ServiceOptions {
  /** Folders in which the native runtime is looked for, in order. */
  readonly nativeFrom: readonly string[];
  /** Refuses a model that its first provider cannot load or run. */
  readonly strict: boolean;
  /** Absent: the adapter's own. */
  readonly weightBytesMax?: number;
  readonly keyValueBytesMax?: number;
  readonly answerBytesMax?: number;
  readonly partTokens?: number;
}

/** The part of the inference package that is used, loaded by name. */
export interface InferenceModule {
  createInferenceService(options: ServiceOptions): InferenceService;
}

/** A model as reports and side records show it. */
export interface ModelReport extends ModelFacts {
  readonly delivery: Delivery;
  /** Threads that answer for it; shows in no answer. Absent in runs of earlier releases. */
  readonly workers?: number;
}

/** The models of a world, as its tick loop uses them. */
export interface Models extends Answerer {
  /** `seeds`: what texts are drawn with, one per request; needed by models that write texts. */
  ask(name: string, requests: readonly ExternalRequest[], seeds?: readonly number[]): void;
  /** Models as they are now. */
  readonly reports: readonly ModelReport[];
  readonly threadDeaths: number;
}

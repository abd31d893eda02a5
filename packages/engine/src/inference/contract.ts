/**
 * What the parts of inference in the engine say to each other: how a thread is started, what a tick loop asks of
 * models, and what reports show of them. Nothing here enters the world; answers do, as logged inputs.
 */

import type {
  ExternalRequest,
  InferenceService,
  ModelFacts,
  ModelSpec,
  ProviderChange,
  TensorResponse,
} from "@wasm-engine/core";
import type { Delivery } from "../world/contract.js";

/** What an inference thread is started with. */
export interface InferenceThreadData {
  readonly buffer: SharedArrayBuffer;
  /** Bell of the orchestrator's loop; absent where that has an event loop. */
  readonly bell?: SharedArrayBuffer;
  /** Module that has `createInferenceService`. */
  readonly service: string;
  readonly models: readonly ModelSpec[];
  readonly options: ServiceOptions;
}

/** What `createInferenceService` takes. */
export interface ServiceOptions {
  /** Folders in which the native runtime is looked for, in order. */
  readonly nativeFrom: readonly string[];
  /** Refuses a model that its first provider cannot load or run. */
  readonly strict: boolean;
}

/** The part of the inference package that is used, loaded by name. */
export interface InferenceModule {
  createInferenceService(options: ServiceOptions): InferenceService;
}

/** An answer, or why there is none. `retryable`: asking again may succeed. */
export type ModelAnswer =
  TensorResponse | { readonly ok: false; readonly message: string; readonly retryable: true };

/** What has come from the models since the last look. */
export type ModelEvent =
  | { readonly kind: "answer"; readonly request: ExternalRequest; readonly answer: ModelAnswer }
  | { readonly kind: "changed"; readonly change: ProviderChange }
  | { readonly kind: "died"; readonly cause: string; readonly deaths: number };

/** A model as reports and side records show it. */
export interface ModelReport extends ModelFacts {
  readonly delivery: Delivery;
}

/** The models of a world, as its tick loop uses them. Synchronous: answers are looked for, never awaited. */
export interface Models {
  /** How answers of the model enter the world; undefined where no such model is loaded. */
  schedule(model: string): { readonly delivery: Delivery; readonly latencyTicks: number } | undefined;
  /** Begins work on requests of one tick for one model, in plan order. */
  ask(model: string, requests: readonly ExternalRequest[]): void;
  /** @throws {WE_MODEL_RUN} and what loading throws, where a thread cannot go on */
  poll(): readonly ModelEvent[];
  /** Watches for news since the last poll for a moment, while something is under way; false: it is time to sleep. */
  looksAgain(): boolean;
  /** Models as they are now. */
  readonly reports: readonly ModelReport[];
  readonly threadDeaths: number;
  /** Waits for the batch that runs, then ends the threads. Idempotent. */
  close(): void;
}

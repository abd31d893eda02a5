/**
 * The port between a world's host and whatever answers inference requests. Types only: the host (engine) drives
 * it from a thread of its own, the adapter (inference) implements it. Nothing here enters the world; answers do,
 * as logged inputs.
 */

import type { Encoding } from "@wasm-engine/abi";

/** Execution providers, in the order in which a list of them is tried. */
export const PROVIDER_NAMES = ["cuda", "tensorrt", "webgpu", "coreml", "dml", "cpu", "wasm"] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** One model as configured. */
export interface ModelSpec {
  /** Name that agents ask by. */
  readonly name: string;
  /** Absolute folder with `model.json` and its files. */
  readonly dir: string;
  /** Path of the `.onnx` file in the folder; default: what the manifest names, or the layout. */
  readonly file?: string;
  /** Tried in this order; a provider that cannot load the model is passed over with its reason. */
  readonly providers: readonly ProviderName[];
  /** Version that the manifest must name; undefined: any. */
  readonly version?: string;
  /** Hex SHA-256 that the model's digest must have; undefined: whatever the folder holds. */
  readonly digest?: string;
  /** Never gives its memory back to make room for other models. Default false. */
  readonly pinned?: boolean;
  /** How long texts take, where that is not the adapter's own. */
  readonly pace?: Partial<TextPace>;
}

/** Why a provider of the list does not run the model. */
export interface ProviderRefusal {
  readonly provider: ProviderName;
  readonly reason: string;
}

/** How requests of one tick are joined without changing a bit of any answer. */
export type BatchMode = "exact" | "min-2-rows" | "serial";

/** A loaded model: what the self-test found and what a side record keeps. */
export interface ModelFacts {
  readonly name: string;
  readonly version: string;
  /** Hex SHA-256 of the model's file, or of the list of its files and their digests where there are several. */
  readonly digest: string;
  readonly provider: ProviderName;
  readonly refused: readonly ProviderRefusal[];
  readonly batchMode: BatchMode;
  /** Hex SHA-256 over everything that may decide bits: model, runtime version, options, platform, kernel probe. */
  readonly fingerprint: string;
  /** The parts that {@link fingerprint} covers, for people. */
  readonly fingerprintParts: Readonly<Record<string, string>>;
  /** Ticks from request to answer, from the manifest; 1 unless it says otherwise. */
  readonly latencyTicks: number;
  /** Present where the model writes texts, which take as many ticks as they have tokens for. */
  readonly text?: TextPace;
}

/** How long a text takes, by definition and not by measurement: due ticks are computed from it. */
export interface TextPace {
  /** Tokens of the prompt per tick before the first part. */
  readonly prefillTokensPerTick: number;
  /** Tokens of every part but the last, one part per tick. */
  readonly tokensPerTick: number;
}

/** One request, as the guest sent it: encoding TENSOR (abi `tensor.ts`) or JSON. */
export interface TensorRequest {
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  /** What a text is drawn with, unless the request says; default 0. Tensor models look at no seed. */
  readonly seed?: number;
}

/** Answer to one request, in the encoding of the request; `code` defaults to `FAILED`, `message` is a stable text. */
export type TensorResponse =
  | { readonly ok: true; readonly encoding: Encoding; readonly payload: Uint8Array }
  | { readonly ok: false; readonly message: string; readonly code?: string };

/** What is heard of a text: its prompt, its parts in order, its end; of one that is refused its end alone. */
export interface TextEvents {
  /** The prompt has so many tokens. */
  prompt(tokens: number): void;
  /** `tokensPerTick` more tokens, after which the text goes on. `text` is what they show: nothing unless wanted. */
  part(text: string): void;
  /** The answer, with the text of the last part. */
  end(response: TensorResponse, text: string): void;
}

/** A text under way. */
export interface TextWriting {
  /** Nobody wants it any more: nothing further is heard of it. */
  cancel(): void;
}

/** A provider failed while running and another took over. */
export interface ProviderChange {
  readonly model: string;
  readonly from: ProviderName;
  readonly to: ProviderName;
  readonly reason: string;
}

export interface BatchResult {
  /** One per request, index by index. */
  readonly responses: readonly TensorResponse[];
  readonly changed?: ProviderChange;
  /** Facts after {@link changed}. */
  readonly facts: ModelFacts;
}

export interface InferenceService {
  /** Loads or reloads a model. @throws {WE_MODEL_…} where no provider of the list can. */
  load(spec: ModelSpec): Promise<ModelFacts>;
  unload(name: string): Promise<void>;
  /** Requests of one tick for one model, in plan order. Bits of an answer depend on its request and the model alone. */
  run(name: string, requests: readonly TensorRequest[]): Promise<BatchResult>;
  /**
   * Begins a text with a model whose facts have a pace. Texts that are under way at the same time are written together;
   * bits of each depend on its request and the model alone.
   */
  write?(name: string, request: TensorRequest, events: TextEvents): TextWriting;
  /** Every loaded model. */
  facts(): readonly ModelFacts[];
  /** Finishes what runs, then frees everything. Idempotent. */
  close(): Promise<void>;
}

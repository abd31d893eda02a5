/** The small port behind which a runtime of ONNX models stands. Everything above it works on plain tensors. */

import type { TensorBlock } from "@wasm-engine/abi";
import type { ProviderName } from "@wasm-engine/core";

/** What decides bits, besides the model. */
export interface RuntimeDescription {
  /** Package and exact version. */
  readonly runtime: string;
  /** `any` where results are equal on every machine. */
  readonly platform: string;
  /** Canonical text of the session options. */
  readonly options: string;
}

/** Files that hold weights of a model, as the model names them, within a folder. */
export interface ModelWeights {
  /** Absolute. */
  readonly folder: string;
  readonly names: readonly string[];
}

export interface OnnxSession {
  /**
   * Outputs in the order of `wanted`, by default of `outputNames`, owned by the caller. Rejects where the model cannot
   * take the inputs, and where the provider is broken: the caller finds out which.
   */
  run(inputs: readonly TensorBlock[], wanted?: readonly string[]): Promise<readonly TensorBlock[]>;
  readonly outputNames: readonly string[];
  dispose(): Promise<void>;
}

export interface OnnxRuntime {
  describe(provider: ProviderName): RuntimeDescription;
  /** Rejects where the provider cannot load the model. Does not fall back by itself. */
  createSession(model: Uint8Array, provider: ProviderName, weights?: ModelWeights): Promise<OnnxSession>;
}

/** The runtime that has a provider, or the reason why there is none. */
export type RuntimeSource = (provider: ProviderName) => Promise<OnnxRuntime | string>;

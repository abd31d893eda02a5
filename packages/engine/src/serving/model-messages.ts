/** What the server and the thread of its models say to each other. */

import type { ErrorRecord } from "@wasm-engine/abi";
import type { ModelFacts, ModelSpec, TensorResponse } from "@wasm-engine/core";
import type { ServiceOptions } from "../inference/contract.js";

export interface ModelThreadSetup {
  /** Module that has `createInferenceService`. */
  readonly service: string;
  readonly models: readonly ModelSpec[];
  readonly options: ServiceOptions;
}

/** `write`: a text is wanted; `run`: vectors are. Payloads are requests as JSON. */
export type ToModels =
  | {
      readonly kind: "write" | "run";
      readonly id: number;
      readonly model: string;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "close" };

export type FromModels =
  | { readonly kind: "ready"; readonly facts: readonly ModelFacts[] }
  | { readonly kind: "failed"; readonly error: ErrorRecord }
  | { readonly kind: "part"; readonly id: number; readonly text: string }
  | { readonly kind: "end"; readonly id: number; readonly response: TensorResponse; readonly text: string };

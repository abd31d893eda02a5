/** Loads the inference package by name: nobody who asks no model pays for it. */

import { assert } from "@wasm-engine/abi";
import type { InferenceService } from "@wasm-engine/core";
import type { InferenceModule, ServiceOptions } from "./contract.js";

export const inferencePackage = "@wasm-engine/inference";

export async function createService(specifier: string, options: ServiceOptions): Promise<InferenceService> {
  const module = (await import(specifier)) as InferenceModule; // checked by the assertion
  assert(typeof module.createInferenceService === "function", "the module is an inference adapter");
  return module.createInferenceService(options);
}

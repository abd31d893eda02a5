/** Error codes of inference in the engine. Those of models and providers belong to the inference package. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const ENGINE_INFERENCE_ERRORS = {
  WE_INFERENCE_THREAD: {
    message: "The inference thread ended while it loaded {models}: {cause}",
    hint: "check memory and the native runtime, or use the provider wasm; nothing of the run has been executed",
    exitCode: 4,
    retryable: true,
    explanation:
      "Models are loaded by a thread of their own before the first tick. That thread ended without an error of its " +
      "own: the runtime aborted, or there was not enough memory for the weights.",
  },
  WE_INFERENCE_SWAP: {
    message: 'Model "{by}" cannot answer for "{model}": {reason}',
    hint: "both are names of `models` in the configuration of the run",
    exitCode: 2,
    explanation:
      "What stands behind a model's name may change while a world runs: another model of its configuration answers " +
      "for it from a logged tick on. Only models that were declared when the run began are loaded and pinned.",
  },
  WE_INFERENCE_WORKERS: {
    message:
      "The number of inference workers is a whole number from 1 to {inferenceWorkersMax}, not {workers}",
    hint: "give --inference-workers a number of threads per model, or leave it out for that of the configuration",
    exitCode: 2,
    explanation:
      "Each model is answered by one thread unless more are asked for. Every thread holds the weights of its model. " +
      "The number shows in no answer.",
  },
} as const satisfies ErrorTable;

export const fail = errorFactory(ENGINE_INFERENCE_ERRORS);

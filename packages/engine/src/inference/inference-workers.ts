/** How many threads answer for each model. A machine's affair, like the threads that execute agents. */

import { fail } from "./errors.js";
import { inferenceWorkersMax } from "./limits.js";

/** @throws {WE_INFERENCE_WORKERS} */
export function checkInferenceWorkers(workers: number): void {
  if (Number.isSafeInteger(workers) && workers >= 1 && workers <= inferenceWorkersMax) return;
  throw fail("WE_INFERENCE_WORKERS", { workers, inferenceWorkersMax });
}

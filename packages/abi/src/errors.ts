/** Codes that belong to no other package. */

import type { ErrorTable } from "./engine-error.js";

export const ABI_ERRORS = {
  WE_INTERNAL_ASSERTION: {
    message: "Invariant does not hold: {message}",
    hint: "this is a defect of wasm-engine; please report it with the run folder",
    exitCode: 70,
    explanation:
      "The engine found its own state impossible and stopped rather than diverge. The run folder is intact up to " +
      "the last commit and can be resumed or replayed.",
  },
} as const satisfies ErrorTable;

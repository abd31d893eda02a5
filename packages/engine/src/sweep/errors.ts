/** Error codes of sweeps. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const SWEEP_ERRORS = {
  WE_SWEEP_TOO_MANY: {
    message: "The sweep has more than {most} combinations",
    hint: "give fewer seeds or values, or run it in parts",
    exitCode: 5,
    explanation:
      "Every combination of seeds and values is a run of its own with a folder of its own. The limit keeps a mistyped range from filling the disk.",
  },
} as const satisfies ErrorTable;

export const sweepError = errorFactory(SWEEP_ERRORS);

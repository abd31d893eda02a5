/** Error codes of giving up runs or parts of them. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const UPKEEP_ERRORS = {
  WE_COMPACT_SNAPSHOT: {
    message:
      'The run "{dir}" has no usable snapshot at or before tick {tick} that its log could begin with; {found}',
    hint: "take one first (wasm-engine snapshot, or snapshotEvery in engine.yaml), or give a later --keep-from",
    exitCode: 2,
    explanation:
      "A log can only begin where a whole snapshot holds the world: without it nothing after the cut could be " +
      "executed. The snapshot is read with all its pages, and held against the chain, before anything is given up.",
  },
} as const satisfies ErrorTable;

/** Makes the coded errors of upkeep. */
export const upkeepError: ReturnType<typeof errorFactory<typeof UPKEEP_ERRORS>> = errorFactory(UPKEEP_ERRORS);

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
  WE_RM_FORKS: {
    message: 'The run "{run}" has forks: {forks}',
    hint: "remove them too with --recursive, or keep them with --orphan: a fork needs nothing of its parent",
    exitCode: 2,
    explanation:
      "Forks hold everything that they need, so they stay whole without the run that they were made from. Only where " +
      "they came from, and what `diff` would compare them with, is lost; that is asked for and not done by the way.",
  },
  WE_RM_NOT_A_RUN: {
    message: '"{dir}" holds more than a run: {names}',
    hint: "remove the folder by hand if you mean it; rm only removes folders that hold nothing else",
    exitCode: 2,
    explanation:
      "A folder that was given with --dir may hold files of yours beside the run, so it is not removed as a whole.",
  },
} as const satisfies ErrorTable;

/** Makes the coded errors of upkeep. */
export const upkeepError: ReturnType<typeof errorFactory<typeof UPKEEP_ERRORS>> = errorFactory(UPKEEP_ERRORS);

/** Every error code of this package in one table: for documentation, `explain` and clients. */

import type { ErrorTable } from "@wasm-engine/abi";
import { ADAPTER_ERRORS } from "./adapters/errors.js";
import { MODEL_ADAPTER_ERRORS } from "./adapters/models/errors.js";
import { CONTROL_ERRORS } from "./control/errors.js";
import { BUNDLE_ERRORS } from "./bundle/errors.js";
import { CONFIG_ERRORS } from "./config/errors.js";
import { FOLLOWER_ERRORS } from "./follower/errors.js";
import { ENGINE_INFERENCE_ERRORS } from "./inference/errors.js";
import { EXPRESSION_ERRORS } from "./expression/errors.js";
import { FORK_ERRORS } from "./fork/errors.js";
import { DEV_ERRORS } from "./dev/errors.js";
import { INPUT_ERRORS } from "./inputs/errors.js";
import { INVARIANT_ERRORS } from "./invariants/errors.js";
import { MINI_WORLD_ERRORS } from "./mini-world/errors.js";
import { BUILD_ERRORS } from "./modules/errors.js";
import { OUTPUT_ERRORS } from "./outputs/errors.js";
import { SERVING_ERRORS } from "./serving/errors.js";
import { STORAGE_ERRORS } from "./storage/errors.js";
import { SWEEP_ERRORS } from "./sweep/errors.js";
import { TRUST_ERRORS } from "./trust/errors.js";
import { THREAD_ERRORS } from "./threads/errors.js";
import { UPKEEP_ERRORS } from "./upkeep/errors.js";
import { WORLD_ERRORS } from "./world/errors.js";

export const ENGINE_ERRORS: ErrorTable = {
  ...ADAPTER_ERRORS,
  ...BUNDLE_ERRORS,
  ...MODEL_ADAPTER_ERRORS,
  ...CONFIG_ERRORS,
  ...EXPRESSION_ERRORS,
  ...FOLLOWER_ERRORS,
  ...FORK_ERRORS,
  ...CONTROL_ERRORS,
  ...DEV_ERRORS,
  ...INPUT_ERRORS,
  ...INVARIANT_ERRORS,
  ...OUTPUT_ERRORS,
  ...MINI_WORLD_ERRORS,
  ...BUILD_ERRORS,
  ...SERVING_ERRORS,
  ...STORAGE_ERRORS,
  ...SWEEP_ERRORS,
  ...TRUST_ERRORS,
  ...THREAD_ERRORS,
  ...UPKEEP_ERRORS,
  ...WORLD_ERRORS,
  ...ENGINE_INFERENCE_ERRORS,
};

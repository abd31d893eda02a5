/** Every error code of this package in one table: for documentation, `explain` and clients. */

import type { ErrorTable } from "@wasm-engine/abi";
import { CONFIG_ERRORS } from "./config/errors.js";
import { INPUT_ERRORS } from "./inputs/errors.js";
import { BUILD_ERRORS } from "./modules/errors.js";
import { OUTPUT_ERRORS } from "./outputs/errors.js";
import { STORAGE_ERRORS } from "./storage/errors.js";
import { THREAD_ERRORS } from "./threads/errors.js";
import { WORLD_ERRORS } from "./world/errors.js";

export const ENGINE_ERRORS: ErrorTable = {
  ...CONFIG_ERRORS,
  ...INPUT_ERRORS,
  ...OUTPUT_ERRORS,
  ...BUILD_ERRORS,
  ...STORAGE_ERRORS,
  ...THREAD_ERRORS,
  ...WORLD_ERRORS,
};

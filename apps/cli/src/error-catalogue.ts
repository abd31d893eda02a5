/** Every error code of the product, from the tables of its packages. */

import type { ErrorDefinition, ErrorTable } from "@wasm-engine/abi";
import { ABI_ERRORS } from "@wasm-engine/abi";
import { CORE_ERRORS } from "@wasm-engine/core";
import { ENGINE_ERRORS } from "@wasm-engine/engine";
import { EXECUTOR_ERRORS } from "@wasm-engine/executor";
import { INFERENCE_ERRORS } from "@wasm-engine/inference/errors";
import { JAVASCRIPT_ERRORS } from "@wasm-engine/sdk-javascript/errors";
import { WASM_ERRORS } from "@wasm-engine/wasm";
import { CLI_ERRORS } from "./errors.js";
import { INIT_ERRORS } from "./init/errors.js";

export interface CatalogueEntry extends ErrorDefinition {
  readonly code: string;
  /** Folder that raises it. */
  readonly area: string;
}

const tables: readonly (readonly [string, ErrorTable])[] = [
  ["packages/abi", ABI_ERRORS],
  ["packages/wasm", WASM_ERRORS],
  ["packages/core", CORE_ERRORS],
  ["packages/executor", EXECUTOR_ERRORS],
  ["packages/engine", ENGINE_ERRORS],
  ["packages/inference", INFERENCE_ERRORS],
  ["apps/cli", CLI_ERRORS],
  ["apps/cli", INIT_ERRORS],
  ["sdk/javascript", JAVASCRIPT_ERRORS],
];

/** Sorted by code. */
export function errorCatalogue(): CatalogueEntry[] {
  return tables
    .flatMap(([area, table]) => Object.entries(table).map(([code, row]) => ({ code, area, ...row })))
    .sort((left, right) => (left.code < right.code ? -1 : 1));
}

/** Codes of this package. `offset` is a byte offset into the module, `construct` what stands there. */

import { errorFactory } from "@wasm-engine/abi";
import { INSTRUMENT_ERRORS } from "./errors-instrument.js";
import { MODULE_ERRORS } from "./errors-module.js";
import { SIGNATURE_ERRORS } from "./errors-signature.js";

/** All error codes of `@wasm-engine/wasm`. */
export const WASM_ERRORS = { ...MODULE_ERRORS, ...INSTRUMENT_ERRORS, ...SIGNATURE_ERRORS } as const;

/** Makes an error of this package's table. */
export const wasmError = errorFactory(WASM_ERRORS);

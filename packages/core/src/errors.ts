/** Coded errors of the core. Rows are sorted by code; every row becomes a page of the reference. */

import { errorFactory, type ErrorTable } from "@wasm-engine/abi";

export const CORE_ERRORS = {
  WE_CBOR_REFUSED: {
    message: "A value cannot be encoded canonically: {reason} at {path}",
    hint: "use text, integers below 2^53, finite numbers, booleans, null, bytes, lists and maps with text keys",
    exitCode: 2,
    explanation:
      "Bytes that are hashed or stored have one canonical form. Values without one (NaN, minus zero, undefined, functions, lone surrogates, very deep nesting) are refused before they enter the world.",
  },
  WE_CBOR_MALFORMED: {
    message: "Stored bytes are not canonical CBOR: {reason}",
    hint: "run verify-log on the run; if the bytes came from another program, encode them as spec/event-log.md says",
    exitCode: 3,
    explanation:
      "Stored and hashed values are deterministic CBOR. Bytes that do not decode, or that would encode differently, are refused rather than read in a lenient way.",
  },
  WE_CODEC_SHAPE: {
    message: "Expected {expected} at {path}, got {actual}",
    hint: "compare the value with spec/event-log.md; a newer version of the engine may have written it",
    exitCode: 3,
    explanation:
      "A value that enters or leaves the event log does not have the shape that the format prescribes: a field is missing, unknown, of another type or out of range.",
  },
} as const satisfies ErrorTable;

/** Makes the coded errors of this package. */
export const coreError: ReturnType<typeof errorFactory<typeof CORE_ERRORS>> = errorFactory(CORE_ERRORS);

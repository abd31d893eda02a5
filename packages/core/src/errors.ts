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
  WE_LOG_DAMAGED: {
    message: "The event log is damaged at record {record} (segment {segment}, offset {offset}): {reason}",
    hint: "restore the run folder from a copy; the records before this one are whole and `log` shows them",
    exitCode: 3,
    explanation:
      "A record that was acknowledged does not read any more: bytes changed on the disk, a file was cut or is missing, or a block of another place or time stands there. An interrupted last write is not damage and is cut silently.",
  },
  WE_SNAPSHOT_DAMAGED: {
    message: "A snapshot cannot be used: {reason}",
    hint: "delete the snapshot file; an older snapshot or the log from tick 0 takes its place",
    exitCode: 3,
    explanation:
      "The bytes of a snapshot do not fit its digest, or are of another format version. Snapshots only save time: everything in them can be computed from the log.",
  },
  WE_WORLD_GENESIS: {
    message: "The genesis is not a world: {reason}",
    hint: "correct the configuration that the genesis was made from",
    exitCode: 2,
    explanation:
      "A world can only start from a genesis that is consistent: unique agent ids, declared tenants, positive limits, reserved turns within the turns of a tick, reserved agents within those of the world.",
  },
  WE_WORLD_STATE: {
    message: "The world state cannot be restored: {reason}",
    hint: "use the snapshot with the genesis and the engine version that wrote it",
    exitCode: 3,
    explanation:
      "The bytes of a snapshot do not describe a world of the given genesis, or were written by another version of the state format.",
  },
} as const satisfies ErrorTable;

/** Makes the coded errors of this package. */
export const coreError: ReturnType<typeof errorFactory<typeof CORE_ERRORS>> = errorFactory(CORE_ERRORS);

/** Limits of storage. Unit last. */

import { assert } from "@wasm-engine/abi";
import { logRecordBytesMax } from "@wasm-engine/core";

/** Buffer between the loop and the log-writer thread; a power of two. What does not fit waits in the heap. */
export const logRingBytes: number = 8 * 1024 * 1024;
/** Bytes of records that are handed over to the writer at one go. */
export const logGatherBytes: number = 64 * 1024;
/** Bytes that are gathered into one write. */
export const logWriteBytesMax: number = 1024 * 1024;
/** The inline log writes on its own once so much waits. */
export const inlinePendingBytesMax: number = 4 * 1024 * 1024;
/** periodic: time between syncs. */
export const periodMsDefault = 100;
/** Time between attempts to write while the disk is full. */
export const fullRetryMs = 200;
/** Longest sleep of a thread that waits for another before it looks at the state again. */
export const waitStepMs = 1000;
/** Attempts after EAGAIN before a write counts as failed. */
export const writeAttemptsMax = 1000;
/** Snapshots that are kept where nobody says how many: gaps of 50 ms of execution for 50 s, then longer ones. */
export const snapshotsAffordableMax = 1024;
/** Bytes of snapshots and their pages from which on fewer are kept, where nobody says how many. */
export const snapshotBytesAffordableMax: number = 256 * 1024 * 1024;
/** So many are kept however large they are. */
export const snapshotsAffordableMin = 8;
/** Images on their way to the writing thread share memory in parts of at least this; a larger image has its own. */
export const imagePartBytesMin: number = 1024 * 1024;
/** Of that memory, so much is kept for the next snapshot. */
export const imageAreaBytesKept: number = 32 * 1024 * 1024;
/** Packs that one snapshot names at most: restoring reads them all. */
export const packsPerSnapshotMax = 32;
/** A pack of which less than this share is in use is left: what it costs is bounded by its reciprocal. */
export const packLiveShareMin = 0.25;
/** A run.json, which holds the settings of a run; its agents are in the log. */
export const runInfoBytesMax: number = 64 * 1024 * 1024;
/** Side records are read whole. */
export const sideBytesMax: number = 512 * 1024 * 1024;
/** A module as signed or as instrumented, which is several times as long. */
export const storedModuleBytesMax: number = 512 * 1024 * 1024;
/** A synced mark has a few dozen bytes. */
export const markBytesMax = 4096;
/** A lock names one process. */
export const lockBytesMax = 4096;
/** A segment ends after the record that makes it long enough. */
export const segmentBytesMax: number = 512 * 1024 * 1024;

assert((logRingBytes & (logRingBytes - 1)) === 0, "the ring wraps by masking");
assert(2 * logRecordBytesMax <= segmentBytesMax, "a segment has room for its last record");
assert(logWriteBytesMax * 4 <= logRingBytes, "several writes fit into the ring");

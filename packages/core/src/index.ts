/** World, scheduler, commits, log and snapshot formats, replay, ports; no I/O. */

export type * from "./model.js";
export type * from "./ports.js";
export type * from "./inference-port.js";
export { PROVIDER_NAMES } from "./inference-port.js";
export { isModelName, isPathWithin, modelLockName, readModelLock, writeModelLock } from "./model-lock.js";
export type { LockedFile, LockedModel, ModelLock } from "./model-lock.js";
export { EXECUTABLE_SEMANTICS, SEMANTICS } from "./semantics.js";
export { EMPTY_LEDGER } from "./ports.js";
export type * from "./world-contract.js";
export { CORE_ERRORS } from "./errors.js";
export { decodeCanonical, encodeCanonical, encodedList, encodedMap, equalBytes } from "./codec/cbor.js";
export { equalJson } from "./json-equality.js";
export type { CborValue } from "./codec/cbor.js";
export { decodeGenesis, encodeGenesis } from "./codec/genesis-codec.js";
export { decodeInput, encodeInput, encodeWorldInput } from "./codec/input-codec.js";
export { decodeCommit, digestBytes, encodeCommit } from "./codec/commit-codec.js";
export { LogEncoder, beginLog } from "./codec/log-encoder.js";
export type { LogChunk, LogEncoderStart } from "./codec/log-encoder.js";
export { logPoints } from "./codec/log-point.js";
export type { LogPoint } from "./codec/log-point.js";
export { LogReader } from "./codec/log-reader.js";
export type { KnownGenesis, LogDamage, LogRecord, SegmentBytes } from "./codec/log-reader.js";
export { beginsWithBase, encodeBaseSegment, firstKindOffset } from "./codec/log-base.js";
export type { BaseStart, LogBase } from "./codec/log-base.js";
export type { LogState } from "./codec/log-state.js";
export { damageError, isTornTail, readLog, verifyLog } from "./codec/log-verdict.js";
export type { LogReading, LogVerdict, LogVerification } from "./codec/log-verdict.js";
export { RecordKind, frameRecord, readFrame, recordHeaderBytes, sealRecords } from "./codec/record.js";
export type { FrameFault, FramedRecord } from "./codec/record.js";
export { readSegmentHeader, segmentHeaderBytes, segmentIndex, segmentName } from "./codec/segment.js";
export { decodePack, encodePack, readPackDigests, snapshotPageBytes } from "./codec/page-pack-codec.js";
export type { BlockCompression, PackPorts, PagePack } from "./codec/page-pack-codec.js";
export {
  assembleSnapshot,
  decodePagedSnapshot,
  encodePagedSnapshot,
  readSnapshotPlace,
} from "./codec/paged-snapshot-codec.js";
export type { PackedImage, PagedSnapshot, SnapshotPlace } from "./codec/paged-snapshot-codec.js";
export { decodeSnapshot, encodeSnapshot } from "./codec/snapshot-codec.js";
export type { Snapshot, SnapshotImage } from "./codec/snapshot-codec.js";
export { encodeSyncedMark, readSyncedMark, syncedMarkBytes } from "./codec/synced-mark.js";
export { genesisBytesDigest, genesisDigest, inputsDigest, nextChainHead } from "./codec/chain.js";
export {
  dependenciesPerTaskMax,
  drainTicksDefault,
  drainTicksMax,
  guestJsonDepthMax,
  logRecordBytesMax,
  taskIdBytesMax,
  tenantNameBytesMax,
} from "./limits.js";
export { allows, compileGrant } from "./world/capability.js";
export { canonicalJson } from "./world/json-text.js";
export { World } from "./world/world.js";

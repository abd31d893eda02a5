/** Storage of runs: folder, event log, snapshots, side records. */

export type * from "./contract.js";
export { STORAGE_ERRORS } from "./errors.js";
export { createBasedLog, createEventLog, openEventLog } from "./event-log.js";
export type { OpenLogOptions } from "./event-log.js";
export { readRecords, recoverLog, surveyLog, verifyRunLog } from "./event-log-reader.js";
export type { LogPlace } from "./event-log-reader.js";
export { readSegments } from "./log-segments.js";
export { nodeFileSystem } from "./file-system.js";
export type { FileSystem } from "./file-system.js";
export { RunFolder } from "./run-folder.js";
export { RunLock, lockHolder } from "./run-lock.js";
export type { SideRecord, SideRecords } from "./side-records.js";
export { InlineSnapshotKeeper, ThreadedSnapshotKeeper, requireKept } from "./snapshot-keeper.js";
export type { KeepResult, SnapshotKeeper } from "./snapshot-keeper.js";
export type { DraftImage, SnapshotDraft } from "./snapshot-draft.js";
export type { SnapshotKeep } from "./snapshot-retention.js";
export { SnapshotStore } from "./snapshot-store.js";
export type { FoundSnapshot, SnapshotFit } from "./snapshot-store.js";

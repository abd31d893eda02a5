/**
 * Storage as the world host sees it: the event log of one run, and what recovery found in it. Synchronous; the log of
 * a threaded host hands bytes to a writer thread and never waits for the disk unless asked to.
 */

import type { EngineError } from "@wasm-engine/abi";
import type { Commit, Genesis, Input, LogBase, LogState } from "@wasm-engine/core";

/** When a record counts as durable: after fdatasync, after the write, or as soon as it is appended. */
export type LogDurability = "sync" | "periodic" | "ephemeral";

/** What the host appends. Genesis, chain heads and the closing record are the log's own affair. */
export type LogEntry =
  | { readonly kind: "input"; readonly input: Input }
  /** `chainHead` is the head after this commit. */
  | { readonly kind: "commit"; readonly commit: Commit; readonly chainHead: Uint8Array };

/** One tick as recovered. Without `commit`: inputs that were logged before a crash and wait to be executed. */
export interface RecoveredTick {
  readonly tick: number;
  readonly inputs: readonly Input[];
  readonly commit?: Commit;
}

/** Bytes that recovery cut off because the last write before a crash was torn. Never holds acknowledged records. */
export interface CutTail {
  readonly segment: string;
  readonly offset: number;
  /** Number of the first record that is not there any more. */
  readonly record: number;
  readonly bytes: number;
}

/** What an existing log holds. */
export interface RecoveredLog {
  readonly genesis: Genesis;
  /** Digest of the genesis, 32 bytes. */
  readonly genesisDigest: Uint8Array;
  /** Records that are there, genesis included. */
  readonly records: number;
  readonly commits: number;
  /** Tick of the last commit; -1 before the first. */
  readonly tick: number;
  /** Tick that the run had reached when it was closed; equals `tick` where it ended in a crash. */
  readonly reachedTick: number;
  /** Sequence of the last input; 0 without. */
  readonly lastSeq: number;
  readonly chainHead: Uint8Array;
  /** The last record is the closing one. */
  readonly closed: boolean;
  readonly cut?: CutTail;
  /** Present where older records were given up: nothing before its tick can be reached. */
  readonly base?: LogBase;
  /** Chain heads that the log stores, ascending by commits; fewer where a part of it does not read. */
  heads(): readonly LogState[];
  /**
   * Ticks after `after` in order, read from the files anew; uncommitted inputs last, grouped by tick.
   * @throws {WE_RUN_COMPACTED} where the first of them were given up
   */
  ticks(after?: number): Iterable<RecoveredTick>;
}

/** `full`: the disk has no space; nothing is lost, accept nothing and execute nothing until it is `open` again. */
export type LogCondition = "open" | "full" | "failed" | "closed";

/**
 * The event log of a live run. One thread uses it.
 *
 * 1. `append` frames the record and hands it over; 2. `poll` brings the `durable…` fields up to date;
 * 3. `waitForSync` blocks until a record is durable; 4. `close` writes the closing record and syncs.
 */
export interface EventLog {
  /**
   * Number of the record. Never waits for the disk, except where more than the writer's buffer is in flight.
   * @throws {WE_LOG_FAILED} after a failed sync or write @throws {WE_LOG_CLOSED}
   */
  append(entry: LogEntry): number;
  /** Brings the fields below up to date. The inline log writes and syncs here. @throws {WE_LOG_FAILED} */
  poll(): void;
  /** Records appended so far. */
  readonly records: number;
  /** Records that have reached the durability level of the run. */
  readonly durableRecords: number;
  /** Sequence of the last durable input; 0 without. */
  readonly durableSeq: number;
  /** Tick of the last durable commit; -1 without. */
  readonly durableTick: number;
  /** Commits appended and not yet durable: the host keeps it at most `ticksAheadMax`. */
  readonly ticksAhead: number;
  readonly condition: LogCondition;
  /** WE_LOG_FULL or WE_LOG_FAILED while the condition is such. */
  readonly failure: EngineError | undefined;
  /**
   * Returns when records 0 … `recordNumber` are durable; without argument, all.
   * @throws {WE_LOG_FAILED} @throws {WE_LOG_FULL} the caller may wait again: nothing is lost
   */
  waitForSync(recordNumber?: number): void;
  /**
   * Writes the closing record with the tick that the run has reached, syncs, releases. Idempotent.
   * @throws {WE_LOG_FULL} the caller may close again
   */
  close(reachedTick?: number): void;
}

export interface LogOptions {
  readonly durability: LogDurability;
  /** periodic: at most so long between syncs. */
  readonly periodMs?: number;
  /** A new segment is begun once the current one holds this much. */
  readonly segmentBytes?: number;
  /**
   * One int32 that the writer thread advances and notifies when it has reported: what waits for the log among other
   * things sleeps on it. The inline log has no use for it.
   */
  readonly bell?: SharedArrayBuffer;
}

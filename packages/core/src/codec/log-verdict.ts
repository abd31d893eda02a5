/**
 * Reads a whole log and tells a torn tail from damage (spec/event-log.md section 6): what stands
 * before the synced position was acknowledged and must be there; what a crash left behind it, in the
 * last segment only, is cut.
 */

import type { EngineError } from "@wasm-engine/abi";
import type { Genesis, Input } from "../model.js";
import type { Hasher } from "../ports.js";
import { coreError } from "../errors.js";
import { LogReader, type LogDamage, type LogRecord, type SegmentBytes } from "./log-reader.js";
import type { LogBase } from "./log-base.js";
import type { LogState } from "./log-state.js";

/** A log that is whole, once `torn` is cut off. */
export interface LogVerdict {
  readonly ok: boolean;
  readonly genesis: Genesis | undefined;
  readonly genesisDigest: Uint8Array | undefined;
  readonly state: LogState;
  /** Set where records before the first that is there were given up. */
  readonly base: LogBase | undefined;
  readonly closed: boolean;
  readonly reachedTick: number;
  /** Inputs that wait for their commit, in log order. */
  readonly pending: readonly Input[];
  /** Segment and offset after the last good record. */
  readonly end: { readonly segment: number; readonly offset: number };
  /** What an interrupted write left; nothing in it was acknowledged. */
  readonly torn?: LogDamage;
  /** Set exactly where `ok` is false. */
  readonly damagedAt?: LogDamage;
}

export interface LogReading {
  readonly hasher: Hasher;
  /** Bytes of the log known to have been on the disk; where undefined, all that was given must be whole. */
  readonly syncedPosition?: number;
  readonly onRecord?: (record: LogRecord) => void;
}

/** Checks everything about a log that can be checked without executing, and says how it ends. */
export function readLog(segments: Iterable<SegmentBytes>, options: LogReading): LogVerdict {
  const reader = new LogReader(options.hasher);
  let isLast = true;
  for (const segment of segments) {
    if (reader.damage !== undefined) {
      isLast = false;
      break;
    }
    for (const record of reader.read(segment)) options.onRecord?.(record);
  }
  const { position } = reader.state;
  const synced = options.syncedPosition ?? Infinity;
  if (reader.damage === undefined) {
    if (reader.genesis === undefined) reader.refuseMissing("the log holds no genesis");
    else if (position < (options.syncedPosition ?? 0)) {
      reader.refuseMissing(`${synced - position} bytes are missing that were on the disk`);
    }
  }
  const damage = reader.damage;
  const isTorn = damage !== undefined && isLast && isTornTail(damage, synced);
  return {
    ok: damage === undefined || isTorn,
    genesis: reader.genesis,
    genesisDigest: reader.genesisDigest,
    state: reader.state,
    base: reader.base,
    closed: reader.closed && damage === undefined,
    reachedTick: reader.reachedTick,
    pending: reader.pending,
    end: reader.end,
    ...(damage === undefined ? {} : isTorn ? { torn: damage } : { damagedAt: damage }),
  };
}

/** True for what an interrupted write may leave at the end of a log: nothing that was on the disk is missing. */
export function isTornTail({ kind, position }: LogDamage, syncedPosition: number): boolean {
  return kind === "torn" && position >= syncedPosition;
}

/** What `verify-log` reports. */
export interface LogVerification {
  readonly ok: boolean;
  /** With those that were given up. */
  readonly records: number;
  /** First tick whose record is there; above 0 where older ones were given up. */
  readonly firstTick: number;
  /** Ticks that the run has reached, counted from 0. */
  readonly ticks: number;
  readonly commits: number;
  readonly inputs: number;
  readonly chainHead: Uint8Array;
  readonly closed: boolean;
  readonly damagedAt?: LogDamage;
  /** What follows the last record and was never acknowledged: recovery cuts it off. The log is whole without it. */
  readonly torn?: LogDamage;
}

/** Recomputes the chain and every digest of a log. Without `syncedPosition` a torn tail counts as damage. */
export function verifyLog(
  segments: Iterable<SegmentBytes>,
  hasher: Hasher,
  syncedPosition?: number,
): LogVerification {
  let inputs = 0;
  const verdict = readLog(segments, {
    hasher,
    ...(syncedPosition === undefined ? {} : { syncedPosition }),
    onRecord: (record) => {
      if (record.kind === "input") inputs += 1;
    },
  });
  return {
    ok: verdict.ok,
    records: verdict.state.records,
    firstTick: (verdict.base?.tick ?? -1) + 1,
    ticks: verdict.reachedTick + 1,
    commits: verdict.state.commits,
    inputs,
    chainHead: verdict.state.chainHead,
    closed: verdict.closed,
    ...(verdict.damagedAt === undefined ? {} : { damagedAt: verdict.damagedAt }),
    ...(verdict.torn === undefined ? {} : { torn: verdict.torn }),
  };
}

/** The error of a damaged log. */
export function damageError(damage: LogDamage): EngineError {
  return coreError("WE_LOG_DAMAGED", { ...damage });
}

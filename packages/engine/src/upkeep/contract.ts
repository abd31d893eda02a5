/** What giving up runs, or parts of them, reports. Plain data for `--json`. */

/** What `compact` did. */
export interface CompactReport {
  readonly runId: string;
  readonly dir: string;
  /** Earliest tick that can be reached from now on: that of the snapshot at the beginning. */
  readonly firstTick: number;
  /** Records of the log that are gone, or would be. */
  readonly records: number;
  /** Ticks of the snapshots that are gone, or would be. */
  readonly snapshots: readonly number[];
  /** Bytes of log, snapshots and pages. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Of the whole history; it is what it was. */
  readonly chainHead: string;
}

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

/** What `gc` removes, by what it is. */
export type WasteKind =
  /** Folders and files of imports, forks and writes that were interrupted, and runs that `rm` began to remove. */
  | "unfinished"
  /** Segments from before the base of a log. */
  | "log-segments"
  /** Packs that no snapshot of their run names. */
  | "pages"
  /** Modules that their run does not name. */
  | "modules"
  /** Answers of models and tools that were kept for other runs. */
  | "answers"
  /** Instrumented modules that were kept for other runs. */
  | "prepared-modules"
  /** What followers made of runs. */
  | "indexes";

/** Files of one kind that nobody needs. */
export interface Waste {
  readonly kind: WasteKind;
  readonly files: number;
  readonly bytes: number;
}

export interface PassedOverRun {
  readonly dir: string;
  readonly reason: string;
}

/** What `gc` did. */
export interface CollectReport {
  /** Only counted, nothing removed. */
  readonly dryRun: boolean;
  /** Kinds of which there was any. */
  readonly waste: readonly Waste[];
  readonly files: number;
  readonly bytes: number;
  /** Runs that were left alone. */
  readonly passedOver: readonly PassedOverRun[];
}

export interface RemovedRun {
  readonly runId: string;
  readonly dir: string;
  readonly bytes: number;
}

/** What `rm` did. */
export interface RemoveReport {
  /** Forks before the runs that they were made from. */
  readonly removed: readonly RemovedRun[];
  readonly bytes: number;
}

/** Limits of what a client decides. None shows in any result. Unit last. */

/** A log below this is executed again before further processes would have started. */
export const partLogBytesMin: number = 256 * 1024;
/** Snapshots that a run must have to be cut: they come after equal work, and a few of them say little about it. */
export const partSnapshotsMin = 4;
/** Agents of all parts that are executed at the same time: every process holds those of its part, which are all. */
export const partAgentsMax = 12_000;

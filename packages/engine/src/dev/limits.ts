/** Limits of `dev`. */

/** Files that are watched; the others are noticed at the next save of one of these. */
export const watchedFilesMax = 4096;
/** Folders that the operating system is asked to watch; beyond them only the regular look notices a save. */
export const watchedFoldersMax = 256;
/** After the last sign of a save, before looking: editors write in several steps. */
export const settleMs = 60;
/** Signs that keep coming delay a look no longer than this. */
export const settleMsMax = 500;
/** Regular look, for file systems that give no sign. */
export const lookEveryMs = 1000;
/** Dev runs that are kept; `dev` removes older ones of its own. */
export const devRunsKept = 10;
/** Deeds of one agent beyond which two runs are compared by their common beginning and end only. */
export const alignedEntriesMax = 2000;
/** Failures of a run that are kept; the first is what a fork goes back to. */
export const failuresKept = 100;
/** Cycles that a report of a whole session holds; older ones are left out. */
export const cyclesKept = 100;

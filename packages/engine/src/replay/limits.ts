/** Limits of replay. None shows in any result. Unit last. */

/** A log below this is executed again before further threads would have started. */
export const partLogBytesMin: number = 256 * 1024;
/** Agents of all parts that are executed at the same time: every thread holds those of its part, which are all. */
export const partAgentsMax = 12_000;
/** Threads that a replay takes by itself. */
export const partWorkersAutoMax = 8;
/**
 * Parts that a thread executes: cores are not equally fast, and bytes of the log say only about how much work there is.
 * More than this, and restoring their worlds costs more than it saves.
 */
export const partsPerWorker = 2;
/** Between two reports of how far other threads have come, where this one has nothing left to do. */
export const partProgressMs = 250;

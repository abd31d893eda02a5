/** Limits of replay. None shows in any result. Unit last. */

/** A log below this is executed again before further threads would have started. */
export const partLogBytesMin: number = 256 * 1024;
/** Agents of all parts that are executed at the same time: every thread holds those of its part, which are all. */
export const partAgentsMax = 12_000;
/** Threads that a replay takes by itself. */
export const partWorkersAutoMax = 8;
/** Parts per thread at most: restoring their worlds costs more than it saves then. */
export const partsPerWorkerMax = 3;
/** What restoring the world of a part costs, as a share of executing the whole run; seen with airports: 4 %. */
export const partRestoringShare = 0.04;
/** Until a thread that waits for its plan looks whether there will be one, should nobody have woken it. */
export const partPlanWaitMs = 1000;
/** Between two reports of how far other threads have come, where this one has nothing left to do. */
export const partProgressMs = 250;

/** Limits of worlds in tests. None is world-visible. */

/** Ticks that running until a world is idle, or an ask, may execute. */
export const ticksToRestMax = 10_000;

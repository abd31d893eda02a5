/** Bounds of profiles. They cut call paths short; fuel and calls of functions stay exact. Unit last. */

/** Callers that a path names: deeper ones are left out. Recursive programs go deeper than anybody reads. */
export const pathDepthMax = 256;
/** Call paths that are told apart. */
export const nodesMax = 262_144;

/** Limits of comparing runs: reports are read by people. */

/** Differing values that are listed of one document. */
export const pathDifferencesMax = 100;
/** Inputs and messages that are listed. */
export const listedDifferencesMax = 20;
/** Bytes of a page, as state hashes count pages. */
export const pageBytes = 4096;
/** Ticks that two worlds are executed between looks at all of their agents, where their logs agree. */
export const ticksPerLook = 256;

/** Limits of output files. */

/** Existing content is compared in pieces of this size. */
export const compareBytes: number = 256 * 1024;
/** Bytes around a difference that an error shows. */
export const excerptBytes = 40;

/** Limits of building and reading modules. */

export const moduleBytesMax: number = 64 * 1024 * 1024;
/** A compiler that runs longer is stopped. */
export const compilerMsMax = 120_000;
/** Diagnostics kept in an error. */
export const diagnosticsBytesMax = 16_384;
/** Larger files are no keys. */
export const keyFileBytesMax = 4096;

/** Limits of building and reading modules. */

export const moduleBytesMax: number = 64 * 1024 * 1024;
/** A compiler that runs longer is stopped. */
export const compilerMsMax = 120_000;
/** Diagnostics kept in an error. */
export const diagnosticsBytesMax = 16_384;
/** Larger source maps are not read: a module must not be able to keep its host busy with them. */
export const sourceMapBytesMax: number = 4 * 1024 * 1024;
/** Larger files are no keys. */
export const keyFileBytesMax = 4096;

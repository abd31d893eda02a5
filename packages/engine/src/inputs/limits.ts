/** Limits of reading inputs. None is world-visible: it decides whether a file is accepted, never what it means. */

import { assert, limits } from "@wasm-engine/abi";

export const chunkBytes: number = 256 * 1024;
/** One record as text. */
export const recordBytesMax: number = limits.messageBytesMax;
/** A compressed file, unpacked. */
export const unpackedBytesMax: number = 1024 * 1024 * 1024;
/** Records of one file that are kept, and sorted, in memory; a larger sorted file is read twice. */
export const keptBytesMax: number = 256 * 1024 * 1024;
/** What a kept record costs besides its payload. */
export const recordOverheadBytes = 256;

assert(recordBytesMax <= keptBytesMax, "one record can be kept");

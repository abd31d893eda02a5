/** Limits of the follower and its index. Unit last. None is world-visible. */

import { assert } from "@wasm-engine/abi";

/** A block is written when it holds so much: some 4000 events, decoded in about a millisecond. */
export const blockBytes: number = 64 * 1024;
/** A block may grow beyond that with the events of one tick; a file that claims more is damaged. */
export const blockBytesMax: number = 512 * 1024 * 1024;
/** Decoded blocks that are kept. */
export const cachedBlocksMax = 16;
/** Text of a console line or a fault in the index; what is longer is cut there. */
export const indexTextBytesMax = 4096;
/** Ticks are executed so long before questions are looked at again. */
export const sliceMs = 50;
/** Pause between two looks at the log of a live run; a look may take at most a tenth of the time. */
export const tailPauseMs = 100;
/** Events that one answer holds. */
export const traceEventsMax = 10_000;
/** Links of one chain: beyond, the chain is told as cut. */
export const chainLinksMax = 1000;
/** Characters of a payload in an answer. */
export const excerptCharactersMax = 200;
/** Requests under way that the index knows the origin of. */
export const openRequestsMax = 1_000_000;

assert(blockBytes < blockBytesMax, "blocks fit into what a file may claim");

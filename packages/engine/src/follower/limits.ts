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
/** A world is kept in memory where the next one to start from is farther than this, */
export const farTicks = 768;
/** so many ticks before the one that is looked at. */
export const nearTicks = 384;
/** Worlds that one question keeps, and the bytes of memories in one of them. */
export const basesMax = 4;
export const baseBytesMax: number = 256 * 1024 * 1024;
/** Characters of a payload in an answer. */
export const excerptCharactersMax = 4096;
/** Elements of a tensor, and bytes of what is neither JSON nor text, that an excerpt shows. */
export const excerptElementsMax = 64;
/** Messages that are left out one by one to find the one that mattered, for one step behind a chain. */
export const trialsMax = 32;
/** Turns that the trials of one step execute together. */
export const trialTurnsMax = 20_000;
/** Requests under way that the index knows the origin of. */
export const openRequestsMax = 1_000_000;

assert(nearTicks < farTicks, "a world that is kept is near enough");
assert(blockBytes < blockBytesMax, "blocks fit into what a file may claim");

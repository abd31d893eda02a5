/** Limits of bundles: what a file may claim before anything is allocated for it. Unit last. */

import { assert } from "@wasm-engine/abi";

/** The file as a whole. */
export const bundleBytesMax: number = 512 * 1024 * 1024;
/** All parts together, unpacked. */
export const bundleContentBytesMax: number = 1024 * 1024 * 1024;
/** Table of contents. */
export const bundleTableBytesMax: number = 1024 * 1024;
export const bundlePartsMax = 10_000;
/** Where a run keeps the index of its follower, and a bundle that holds one. */
export const followerIndexName = "index/events";
/** Templates of records; logs with more are stored as they are. */
export const logTemplatesMax = 4096;
/** Nesting of a template: that of canonical CBOR. */
export const templateDepthMax = 128;
/** Quality of brotli: 11 takes twenty times as long for eight per cent. */
export const brotliQuality = 9;
/** Window of 16 MiB: equal bytes of two modules, or of distant ticks, are found. */
export const brotliWindowBits = 24;

assert(bundleTableBytesMax < bundleBytesMax, "a table fits into its file");

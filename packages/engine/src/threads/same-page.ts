/**
 * Compares pages of images by the machine's own means: half of what a loop takes. The executor package, which runs in
 * browsers too, is given it.
 */

import { Buffer } from "node:buffer";
import type { PageComparison } from "@wasm-engine/executor";

/** Works on every array of bytes: a memory is not copied into a buffer first. */
type Compare = (
  this: Uint8Array,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
  start: number,
  end: number,
) => number;

const { compare } = Buffer.alloc(0) as { readonly compare: Compare }; // as node:buffer documents it

/** True where `memory` has the bytes of `page` at `start`. */
export const samePage: PageComparison = (memory, start, page) =>
  compare.call(memory, page, 0, page.length, start, start + page.length) === 0;

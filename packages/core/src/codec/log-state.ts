/**
 * What is known about a log at a position: enough to go on reading or writing there without what came before.
 * Segment headers, HEAD and CLOSE records store it.
 */

import { readU64, writeU64 } from "@wasm-engine/abi";
import { digestBytes } from "./commit-codec.js";

export interface LogState {
  /** Bytes of the log before this point, segment headers included. */
  readonly position: number;
  readonly records: number;
  readonly commits: number;
  /** Tick of the last commit; -1 before the first. */
  readonly tick: number;
  /** Sequence of the last input; 0 before the first. */
  readonly lastSeq: number;
  /** The genesis digest before the first commit. */
  readonly chainHead: Uint8Array;
}

/** The state while reading or writing moves it; whoever owns it hands out copies. */
export type MovingState = { -readonly [K in keyof LogState]: LogState[K] };

/** The world's part of the state, as HEAD and CLOSE store it: u64 commits, u64 tick + 1, u64 last seq, chain head. */
export type HeadState = Pick<LogState, "commits" | "tick" | "lastSeq" | "chainHead">;

export const headBytes: number = 24 + digestBytes;

export function writeHead(view: DataView, offset: number, head: HeadState): void {
  writeU64(view, offset, head.commits);
  writeU64(view, offset + 8, head.tick + 1);
  writeU64(view, offset + 16, head.lastSeq);
  new Uint8Array(view.buffer, view.byteOffset + offset + 24, digestBytes).set(head.chainHead);
}

export function readHead(view: DataView, offset: number): HeadState {
  return {
    commits: readU64(view, offset),
    tick: readU64(view, offset + 8) - 1,
    lastSeq: readU64(view, offset + 16),
    chainHead: new Uint8Array(view.buffer, view.byteOffset + offset + 24, digestBytes).slice(),
  };
}

/** What of `found` differs from what was computed, or undefined. */
export function headDifference(expected: HeadState, found: HeadState): string | undefined {
  if (found.commits !== expected.commits)
    return `it counts ${found.commits} commits, not ${expected.commits}`;
  if (found.tick !== expected.tick) return `it names tick ${found.tick}, not ${expected.tick}`;
  if (found.lastSeq !== expected.lastSeq) return `it names input ${found.lastSeq}, not ${expected.lastSeq}`;
  const differs = found.chainHead.some((byte, index) => byte !== expected.chainHead[index]);
  return differs ? "its chain head is not that of the commits before it" : undefined;
}

/**
 * Header and file name of a log segment (spec/event-log.md section 3). The header repeats the state
 * of the log where the segment begins, so each segment can be checked, and later the oldest
 * removed, without the others.
 *
 *   offset size field
 *   0      8    magic           "WELOGSEG"
 *   8      u32  version         1
 *   12     u32  index           from 0
 *   16     u64  position        of the header's first byte in the log
 *   24     u64  records         number of the first record in the segment
 *   32     56   head            HeadState
 *   88     32   genesisDigest
 *   120    u32  zero
 *   124    u32  crc             CRC-32C over bytes 0 to 123
 */

import { encodeUtf8, readU64, writeU64 } from "@wasm-engine/abi";
import { equalBytes } from "./cbor.js";
import { digestBytes } from "./commit-codec.js";
import { crc32c } from "./crc32c.js";
import { readHead, writeHead, type LogState } from "./log-state.js";

export const segmentHeaderBytes = 128;
export const logFormatVersion = 1;
const magic = encodeUtf8("WELOGSEG");
const crcOffset = 124;

export interface SegmentHeader {
  readonly version: number;
  readonly index: number;
  readonly genesisDigest: Uint8Array;
  /** The state before the header. */
  readonly state: LogState;
}

/** File name of segment `index`; names sort like indexes. */
export function segmentName(index: number): string {
  return `${String(index).padStart(10, "0")}.seg`;
}

/** Index in a segment's file name, or undefined for any other name. */
export function segmentIndex(name: string): number | undefined {
  const match = /^(\d{10})\.seg$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function encodeSegmentHeader(index: number, genesisDigest: Uint8Array, state: LogState): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic, 0);
  view.setUint32(8, logFormatVersion, true);
  view.setUint32(12, index, true);
  writeU64(view, 16, state.position);
  writeU64(view, 24, state.records);
  writeHead(view, 32, state);
  bytes.set(genesisDigest, 88);
  view.setUint32(crcOffset, crc32c(bytes, 0, 0, crcOffset), true);
  return bytes;
}

/**
 * The header at the start of a segment, or what is wrong with it. Other versions may have another layout:
 * only `version` counts.
 */
export function readSegmentHeader(bytes: Uint8Array): SegmentHeader | { readonly fault: string } {
  if (bytes.length < segmentHeaderBytes) return { fault: "the segment ends inside its header" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!equalBytes(bytes.subarray(0, magic.length), magic)) return { fault: "it is not a log segment" };
  const version = view.getUint32(8, true);
  if (version === logFormatVersion && view.getUint32(crcOffset, true) !== crc32c(bytes, 0, 0, crcOffset)) {
    return { fault: "the CRC of the segment header does not fit" };
  }
  return {
    version,
    index: view.getUint32(12, true),
    genesisDigest: bytes.slice(88, 88 + digestBytes),
    state: { position: readU64(view, 16), records: readU64(view, 24), ...readHead(view, 32) },
  };
}

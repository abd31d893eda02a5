/**
 * The synced mark of a run: up to where its log is known to be on the disk. Written after every
 * sync, itself unsynced, so it may be old or absent after a power cut but never ahead of the disk.
 * It tells damage from a torn tail.
 *
 *   offset size field
 *   0      8    magic           "WESYNCED"
 *   8      u64  position        bytes of the log that are on the disk
 *   16     8    run             first bytes of the genesis digest
 *   24     u32  crc             CRC-32C over bytes 0 to 23
 */

import { encodeUtf8, readU64, writeU64 } from "@wasm-engine/abi";
import { equalBytes } from "./cbor.js";
import { crc32c } from "./crc32c.js";

export const syncedMarkBytes = 28;
const magic = encodeUtf8("WESYNCED");
const runBytes = 8;

export function encodeSyncedMark(genesisDigest: Uint8Array, position: number): Uint8Array {
  const bytes = new Uint8Array(syncedMarkBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic, 0);
  writeU64(view, 8, position);
  bytes.set(genesisDigest.subarray(0, runBytes), 16);
  view.setUint32(24, crc32c(bytes, 0, 0, 24), true);
  return bytes;
}

/** The position, or undefined where the mark is torn or of another run. */
export function readSyncedMark(bytes: Uint8Array, genesisDigest: Uint8Array | undefined): number | undefined {
  if (bytes.length !== syncedMarkBytes || !equalBytes(bytes.subarray(0, magic.length), magic))
    return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(24, true) !== crc32c(bytes, 0, 0, 24)) return undefined;
  const run = genesisDigest?.subarray(0, runBytes);
  if (run !== undefined && !equalBytes(bytes.subarray(16, 24), run)) return undefined;
  return readU64(view, 8);
}

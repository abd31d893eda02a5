/**
 * Container of pages of memory that snapshots share: immutable, named by its own digest. Pages lie in blocks that
 * are compressed where it pays. The last 32 bytes are the SHA-256 of all before them. See spec/event-log.md section 7.
 *
 *   0   8    magic "WEPAGES\0"
 *   8   u32  version 1
 *   12  u32  bytes of the index
 *   16       index: canonical CBOR (PackIndex), then the blocks one after the other
 */

import { encodeUtf8 } from "@wasm-engine/abi";
import { coreError } from "../errors.js";
import type { Hasher } from "../ports.js";
import { decodeCanonical, encodeCanonical, equalBytes } from "./cbor.js";
import { digestBytes } from "./commit-codec.js";
import { bytes, decodeShape, encodeShape, integer, list, record, type Shape } from "./shape.js";

/** Raw deflate (RFC 1951), of the host. */
export interface BlockCompression {
  deflate(block: Uint8Array): Uint8Array;
  /** The bytes that were deflated; throws where they are not `size` bytes of sound data. */
  inflate(block: Uint8Array, size: number): Uint8Array;
}

export interface PackPorts {
  readonly hasher: Hasher;
  readonly compression: BlockCompression;
}

/** Bytes of one page. */
export const snapshotPageBytes = 4096;
/** Pages that are compressed together. */
const blockPages = 32;

interface PackIndex {
  /** SHA-256 of every page, one after the other. */
  readonly digests: Uint8Array;
  /** Stored bytes of every block; as many as its pages have where it is not compressed. */
  readonly blocks: readonly number[];
}

const magic = encodeUtf8("WEPAGES\0");
const version = 1;
const headerBytes = 16;

const indexShape: Shape<PackIndex> = record<PackIndex>({ digests: bytes(), blocks: list(integer(1)) });

export interface EncodedPack {
  /** The container as parts to be stored one after the other. */
  readonly parts: readonly Uint8Array[];
  readonly digest: Uint8Array;
}

/** @param digests 32 bytes per page @param pages the content of whole pages, one after the other */
export function encodePack({ hasher, compression }: PackPorts, pack: Omit<PagePack, "digest">): EncodedPack {
  const { digests, pages } = pack;
  const stored: Uint8Array[] = [];
  const blockBytes = blockPages * snapshotPageBytes;
  for (let start = 0; start < pages.length; start += blockBytes) {
    const block = pages.subarray(start, start + blockBytes);
    const deflated = compression.deflate(block);
    stored.push(deflated.length < block.length - (block.length >>> 3) ? deflated : block);
  }
  const fields: PackIndex = { digests, blocks: stored.map((block) => block.length) };
  const index = encodeCanonical(encodeShape(indexShape, "pack", fields));
  const header = new Uint8Array(headerBytes);
  header.set(magic, 0);
  const view = new DataView(header.buffer);
  view.setUint32(8, version, true);
  view.setUint32(12, index.length, true);
  const digest = hasher.sha256(header, index, ...stored);
  return { parts: [header, index, ...stored, digest], digest };
}

/** A pack that was read. */
export interface PagePack {
  readonly digest: Uint8Array;
  /** SHA-256 of every page, one after the other. */
  readonly digests: Uint8Array;
  readonly pages: Uint8Array;
}

/** The pack in `container`, whose digest must be `expected`. @throws {WE_SNAPSHOT_DAMAGED} */
export function decodePack(
  { hasher, compression }: PackPorts,
  container: Uint8Array,
  expected: Uint8Array,
): PagePack {
  const body = container.subarray(0, Math.max(0, container.length - digestBytes));
  const isPack = body.length >= headerBytes && equalBytes(body.subarray(0, magic.length), magic);
  if (!isPack) throw damaged("a file of pages is none");
  const digest = hasher.sha256(body);
  if (!equalBytes(digest, container.subarray(body.length)) || !equalBytes(digest, expected)) {
    throw damaged("the digest of a file of pages does not fit its bytes");
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const found = view.getUint32(8, true);
  if (found !== version) throw damaged(`the format version of its pages is ${found}, expected ${version}`);
  let offset = headerBytes + view.getUint32(12, true);
  const index = decodeShape(indexShape, "pack", decodeCanonical(body.subarray(headerBytes, offset)));
  const pages = new Uint8Array((index.digests.length / digestBytes) * snapshotPageBytes);
  const blockBytes = blockPages * snapshotPageBytes;
  for (const [at, stored] of index.blocks.entries()) {
    const target = pages.subarray(at * blockBytes, (at + 1) * blockBytes);
    const block = body.subarray(offset, offset + stored);
    if (block.length !== stored || target.length === 0) throw damaged("a block of pages is cut");
    target.set(stored === target.length ? block : inflated(compression, block, target.length));
    offset += stored;
  }
  return { digest, digests: index.digests, pages };
}

/** What {@link BlockCompression.inflate} gives. @throws {WE_SNAPSHOT_DAMAGED} */
export function inflated(compression: BlockCompression, block: Uint8Array, size: number): Uint8Array {
  try {
    const plain = compression.inflate(block, size);
    if (plain.length === size) return plain;
  } catch {
    // The same answer as for a wrong length.
  }
  throw damaged("compressed bytes do not read");
}

function damaged(reason: string): Error {
  return coreError("WE_SNAPSHOT_DAMAGED", { reason });
}

/**
 * Packs of pages of memory that snapshots share: immutable, named by their own digest. Pages lie in blocks that are
 * compressed where it pays, one after the other in the rest of a sealed container. See spec/snapshot.md.
 */

import { encodeUtf8 } from "@wasm-engine/abi";
import type { Hasher } from "../ports.js";
import { equalBytes } from "./cbor.js";
import { digestBytes } from "./commit-codec.js";
import { damaged, openContainer, sealContainer } from "./sealed-container.js";
import type { ContainerKind, SealedContainer } from "./sealed-container.js";
import { bytes, integer, list, record } from "./shape.js";

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

const kind: ContainerKind<PackIndex> = {
  name: "pack",
  magic: encodeUtf8("WEPAGES\0"),
  version: 1,
  index: record<PackIndex>({ digests: bytes(), blocks: list(integer(1)) }),
};

/** @param digests 32 bytes per page @param pages the content of whole pages, one after the other */
export function encodePack(
  { hasher, compression }: PackPorts,
  pack: Omit<PagePack, "digest">,
): SealedContainer {
  const { digests, pages } = pack;
  const stored: Uint8Array[] = [];
  const blockBytes = blockPages * snapshotPageBytes;
  for (let start = 0; start < pages.length; start += blockBytes) {
    const block = pages.subarray(start, start + blockBytes);
    const deflated = compression.deflate(block);
    stored.push(deflated.length < block.length - (block.length >>> 3) ? deflated : block);
  }
  const index: PackIndex = { digests, blocks: stored.map((block) => block.length) };
  return sealContainer(hasher, kind, { index, rest: stored });
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
  const { index, rest, digest } = openContainer(hasher, kind, container);
  if (!equalBytes(digest, expected)) throw damaged("a file holds another pack than its name says");
  const pageCount = index.digests.length / digestBytes;
  // Before there is room made for pages that are not there.
  if (index.blocks.length !== Math.ceil(pageCount / blockPages))
    throw damaged("a pack lacks blocks of pages");
  const pages = new Uint8Array(pageCount * snapshotPageBytes);
  const blockBytes = blockPages * snapshotPageBytes;
  let offset = 0;
  for (const [at, stored] of index.blocks.entries()) {
    const target = pages.subarray(at * blockBytes, (at + 1) * blockBytes);
    const block = rest.subarray(offset, offset + stored);
    if (block.length !== stored || target.length === 0) throw damaged("a block of pages is cut");
    target.set(stored === target.length ? block : inflated(compression, block, target.length));
    if (holdsZeroPage(target)) throw damaged("a pack holds a page of zeros, which images leave out");
    offset += stored;
  }
  return { digest, digests: index.digests, pages };
}

/** Said of the first block that does: a small file must not keep its reader busy with gigabytes of nothing. */
function holdsZeroPage(block: Uint8Array): boolean {
  for (let start = 0; start < block.length; start += snapshotPageBytes) {
    let at = start;
    const end = start + snapshotPageBytes;
    while (at < end && block[at] === 0) at += 1;
    if (at === end) return true;
  }
  return false;
}

/**
 * Digests of the pages of a pack, one after the other, without their content; its digest is checked as by
 * {@link decodePack}. @throws {WE_SNAPSHOT_DAMAGED}
 */
export function readPackDigests(hasher: Hasher, container: Uint8Array, expected: Uint8Array): Uint8Array {
  const { index, digest } = openContainer(hasher, kind, container);
  if (!equalBytes(digest, expected)) throw damaged("a file holds another pack than its name says");
  return index.digests;
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

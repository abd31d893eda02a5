/**
 * 16-ary Merkle tree over 4 KiB pages of one image, kept up to date by changed page. Leaves are SHA-256 of a page
 * (always 4,096 bytes), nodes SHA-256 over up to sixteen child digests (at most 512 bytes): no node can pass for
 * a page, and the image digest binds the number of pages. See spec/abi.md, image digest.
 */

import { assert } from "@wasm-engine/abi";
import type { Sha256 } from "@wasm-engine/abi";
import { imagePageBytes, merkleArityNodes } from "./limits.js";

const DIGEST_BYTES = 32;

export class MerkleTree {
  readonly #sha256: Sha256;
  /** Digests level by level, leaves first, the root last. */
  readonly #levels: Uint8Array[] = [];
  /** Changed leaves since the last root; some may be named twice. */
  #dirty: number[] = [];

  /** @param from a tree over an image with no more pages: its leaves are taken over. */
  constructor(sha256: Sha256, pageCount: number, from?: MerkleTree) {
    assert(pageCount >= 0, "pages are counted");
    this.#sha256 = sha256;
    this.#allocate(pageCount);
    const leaves = from === undefined ? undefined : from.#levels[0];
    if (leaves === undefined) return;
    assert(leaves.length <= pageCount * DIGEST_BYTES, "images never shrink");
    this.#levels[0]?.set(leaves);
    for (let index = 0; index * DIGEST_BYTES < leaves.length; index += 1) this.#dirty.push(index);
  }

  #allocate(pageCount: number): void {
    if (pageCount === 0) return;
    for (let count = pageCount; ; count = Math.ceil(count / merkleArityNodes)) {
      this.#levels.push(new Uint8Array(count * DIGEST_BYTES));
      if (count === 1) return;
    }
  }

  setLeaf(pageIndex: number, digest: Uint8Array): void {
    const leaves = this.#levels[0];
    assert(leaves !== undefined && (pageIndex + 1) * DIGEST_BYTES <= leaves.length, "page is in the image");
    leaves.set(digest, pageIndex * DIGEST_BYTES);
    this.#dirty.push(pageIndex);
  }

  /** Digests of all pages, one after the other, as they were last set. */
  get leaves(): Uint8Array {
    return this.#levels[0] ?? new Uint8Array(0);
  }

  /** Digest over all pages. Only paths of changed leaves are hashed again. */
  root(): Uint8Array {
    let dirty: readonly number[] = this.#dirty.sort((left, right) => left - right);
    for (let level = 1; level < this.#levels.length; level += 1) dirty = this.#hashLevel(level, dirty);
    this.#dirty.length = 0;
    return this.#levels.at(-1)?.slice() ?? this.#sha256(new Uint8Array(0));
  }

  /** `dirtyChildren` ascend. Returns the nodes above them, ascending, each once. */
  #hashLevel(level: number, dirtyChildren: readonly number[]): number[] {
    const children = this.#levels[level - 1];
    const nodes = this.#levels[level];
    assert(children !== undefined && nodes !== undefined, "levels are complete");
    const dirty: number[] = [];
    for (const child of dirtyChildren) {
      const node = Math.floor(child / merkleArityNodes);
      if (dirty.at(-1) !== node) dirty.push(node);
    }
    const width = merkleArityNodes * DIGEST_BYTES;
    for (const node of dirty) {
      nodes.set(this.#sha256(children.subarray(node * width, (node + 1) * width)), node * DIGEST_BYTES);
    }
    return dirty;
  }
}

/** Root over `memory`, computed at once: the definition that vectors and other implementations follow. */
export function merkleRoot(sha256: Sha256, memory: Uint8Array): Uint8Array {
  assert(memory.length % imagePageBytes === 0, "memory is whole pages");
  const pageCount = memory.length / imagePageBytes;
  const tree = new MerkleTree(sha256, pageCount);
  for (let index = 0; index < pageCount; index += 1) {
    tree.setLeaf(index, sha256(memory.subarray(index * imagePageBytes, (index + 1) * imagePageBytes)));
  }
  return tree.root();
}

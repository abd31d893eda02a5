/**
 * The base of an agent: its image at some invocation boundary, kept outside any instance. Pages are sparse and
 * shared with the module's initial image until they change; page digests are kept, so that hashing an image costs
 * what changed. It knows nothing of journals.
 */

import { assert, encodeUtf8, writeU64 } from "@wasm-engine/abi";
import type { Sha256 } from "@wasm-engine/abi";
import type { ImagePages, Ledger, PageComparison } from "./executor-contract.js";
import type { Gate } from "./gate-module.js";
import type { GuestInstance } from "./guest-instance.js";
import type { KeptImage } from "./kept-image.js";
import { imagePageBytes } from "./limits.js";
import { MerkleTree } from "./merkle-tree.js";

const PAGE_WORDS = imagePageBytes / 4;
/** All pages of zeros are this page; it is never written. */
const ZERO_PAGE = new Uint8Array(imagePageBytes);
/** Pages that one call looks through: their bytes are counted in 32 bits. */
const scannedPagesMax = 4096;
const domain = encodeUtf8("wasm-engine/image\0");
const digestBytes = 32;

/** Of the page of zeros, by what hashes it: every image asks. */
const zeroDigests = new WeakMap<Sha256, Uint8Array>();

function zeroDigestBy(sha256: Sha256): Uint8Array {
  const known = zeroDigests.get(sha256) ?? sha256(new Uint8Array(imagePageBytes));
  zeroDigests.set(sha256, known);
  return known;
}

/** What an image holds beside memory. */
export interface ImageHead {
  readonly state: Uint8Array;
  readonly initialised: boolean;
}

/** SHA-256("wasm-engine/image\0" ‖ u64 memoryBytes ‖ root ‖ u32 initialised ‖ u32 stateBytes ‖ state). */
export function imageDigest(
  sha256: Sha256,
  memory: { readonly bytes: number; readonly root: Uint8Array },
  head: ImageHead,
): Uint8Array {
  const start = domain.length;
  const bytes = new Uint8Array(start + 48 + head.state.length);
  const view = new DataView(bytes.buffer);
  bytes.set(domain, 0);
  writeU64(view, start, memory.bytes);
  bytes.set(memory.root, start + 8);
  view.setUint32(start + 40, head.initialised ? 1 : 0, true);
  view.setUint32(start + 44, head.state.length, true);
  bytes.set(head.state, start + 48);
  return sha256(bytes);
}

/** The state of an agent at the boundary that a capture was made at. */
export interface CapturePoint {
  readonly ledger: Ledger;
  readonly initialised: boolean;
}

/** What images need of the machine. */
export interface ImageHost {
  readonly sha256: Sha256;
  readonly samePage?: PageComparison | undefined;
}

export class BaseImage {
  readonly #host: ImageHost;
  readonly #samePage: PageComparison;
  readonly #zeroDigest: Uint8Array;
  /** Each in a buffer of its own. */
  #pages: Uint8Array[] = [];
  /** Pages that other images refer to as well: replaced, never written. */
  #shared: boolean[] = [];
  #tree: MerkleTree;
  /** Pages whose leaf in the tree is out of date. */
  #stale: number[] = [];
  /** Per page: 1 where it is among them. */
  #isStale = new Uint8Array(0);
  /** Per page: 1 where its content was given out by {@link pagesSince} and has not changed. */
  #given = new Uint8Array(0);
  #state: Uint8Array = new Uint8Array(0);
  /** Called before anything changes, once: somebody is still to have the image as it is. */
  #owed: (() => void) | undefined;
  #point: CapturePoint;

  /** An image without memory. */
  constructor(host: ImageHost, point: CapturePoint) {
    this.#host = host;
    this.#samePage = host.samePage ?? samePage;
    this.#zeroDigest = zeroDigestBy(host.sha256);
    this.#tree = new MerkleTree(host.sha256, 0);
    this.#point = point;
  }

  get memoryBytes(): number {
    return this.#pages.length * imagePageBytes;
  }

  get ledger(): Ledger {
    return this.#point.ledger;
  }

  get initialised(): boolean {
    return this.#point.initialised;
  }

  get state(): Uint8Array {
    return this.#state;
  }

  /** A second image with the same content; pages are shared until either changes. */
  fork(point: CapturePoint): BaseImage {
    const copy = new BaseImage(this.#host, point);
    this.#refreshLeaves();
    copy.#pages = [...this.#pages];
    copy.#shared = this.#pages.map(() => true);
    this.#shared.fill(true);
    copy.#tree = new MerkleTree(this.#host.sha256, this.#pages.length, this.#tree);
    copy.#given = this.#given.slice();
    copy.#isStale = new Uint8Array(this.#pages.length);
    copy.#state = this.#state;
    return copy;
  }

  /** `give` is called before the image changes, unless {@link notOwed} comes first. */
  owe(give: () => void): void {
    this.#owed = give;
  }

  notOwed(): void {
    this.#owed = undefined;
  }

  /** Takes over what `instance` holds now. Only pages that differ are copied. */
  capture(instance: GuestInstance, point: CapturePoint): void {
    this.#owed?.();
    this.#resize(instance.memory.size / imagePageBytes);
    this.#captureMemory(instance.memory.bytes, instance.gate);
    this.#state = instance.saveState(this.#state);
    this.#point = point;
  }

  /** Takes over a copy of what this image has become. */
  takeOver({ memory, memoryBytes, state, ledger, initialised }: KeptImage): void {
    this.#owed?.();
    this.#resize(memoryBytes / imagePageBytes);
    this.#captureMemory(memory);
    this.#state = state;
    this.#point = { ledger, initialised };
  }

  /** Bytes of the memory of `instance`, which this image is an earlier one of, that nothing but zeros follow. */
  extentOf({ memory, gate }: GuestInstance): number {
    const pages = memory.size / imagePageBytes;
    let used = this.#pages.length;
    while (used > 0 && this.#pages[used - 1] === ZERO_PAGE) used -= 1;
    let end = used;
    for (let zeros = -1; zeros !== 0 && end < pages; end += zeros) zeros = this.#zeroPages(end, gate);
    return (end < pages ? pages : used) * imagePageBytes;
  }

  /** Takes over an image given as bytes. */
  captureBytes(memory: Uint8Array, state: Uint8Array, point: CapturePoint): void {
    assert(memory.length % imagePageBytes === 0, "memory is whole pages");
    this.#owed?.();
    this.#resize(memory.length / imagePageBytes);
    this.#captureMemory(memory.byteOffset % 4 === 0 ? memory : new Uint8Array(memory));
    this.#state = new Uint8Array(state);
    this.#point = point;
  }

  /** Overwrites all pages, globals and flags of `instance`, whose memory has exactly this size. */
  loadInto(instance: GuestInstance): void {
    assert(instance.memory.size === this.memoryBytes, "a slot takes only images of its size");
    const { bytes } = instance.memory;
    for (let index = 0; index < this.#pages.length; index += 1) {
      // Reading a page that was never touched costs no physical memory, writing zeros does.
      index += this.#zeroPages(index, instance.gate);
      const page = this.#pages[index];
      const start = index * imagePageBytes;
      if (page !== undefined && !this.#samePage(bytes, start, page)) bytes.set(page, start);
    }
    instance.loadState(this.#state);
  }

  digest(): Uint8Array {
    this.#refreshLeaves();
    const memory = { bytes: this.memoryBytes, root: this.#tree.root() };
    return imageDigest(this.#host.sha256, memory, { state: this.#state, initialised: this.initialised });
  }

  /** Linear memory as bytes of its own. */
  memory(): Uint8Array {
    const bytes = new Uint8Array(this.#pages.length * imagePageBytes);
    for (const [index, page] of this.#pages.entries()) {
      if (page !== ZERO_PAGE) bytes.set(page, index * imagePageBytes);
    }
    return bytes;
  }

  /**
   * All pages that hold anything but zeros by number and digest, with the bytes of those that changed since the last
   * call.
   * @param all gives the bytes of every page
   */
  pagesSince(all: boolean): ImagePages {
    this.#refreshLeaves();
    const pages: number[] = [];
    const changed: number[] = [];
    const { leaves } = this.#tree;
    const digests = new Uint8Array(this.#pages.length * digestBytes);
    for (const [index, page] of this.#pages.entries()) {
      if (page === ZERO_PAGE) continue;
      const start = index * digestBytes;
      if (isDigestAt(leaves, start, this.#zeroDigest)) continue;
      if (all || this.#given[index] === 0) changed.push(pages.length);
      const end = pages.length * digestBytes;
      for (let at = 0; at < digestBytes; at += 1) digests[end + at] = leaves[start + at] ?? 0;
      pages.push(index);
    }
    const bytes = new Uint8Array(changed.length * imagePageBytes);
    for (const [position, at] of changed.entries()) {
      const index = pages[at] ?? 0;
      const page = this.#pages[index] ?? ZERO_PAGE;
      bytes.set(page, position * imagePageBytes);
      this.#given[index] = 1;
    }
    return { pages, digests: digests.slice(0, pages.length * digestBytes), changed, bytes };
  }

  /** All pages count as given out: somebody has them already. */
  noteGiven(): void {
    this.#given.fill(1);
  }

  /** Test only: what a hardware error would do. */
  flipBit(byteOffset: number, bit: number): void {
    assert(byteOffset >= 0 && byteOffset < this.memoryBytes, "byte lies in memory");
    assert(bit >= 0 && bit < 8, "a byte has eight bits");
    this.#owed?.();
    const index = Math.floor(byteOffset / imagePageBytes);
    const page = Uint8Array.from(this.#pages[index] ?? ZERO_PAGE);
    const at = byteOffset % imagePageBytes;
    page[at] = (page[at] ?? 0) ^ (1 << bit);
    this.#replace(index, page);
  }

  /** @param gate of the instance whose memory this is: looks for zeros fast */
  #captureMemory(memory: Uint8Array, gate?: Gate): void {
    const pageCount = memory.length / imagePageBytes;
    assert(pageCount <= this.#pages.length, "the image has the size of the memory");
    for (let index = 0; index < pageCount; index += 1) {
      if (gate !== undefined) index += this.#zeroPages(index, gate);
      if (index === pageCount) return;
      const start = index * imagePageBytes;
      const page = this.#pages[index] ?? ZERO_PAGE;
      if (this.#samePage(memory, start, page)) continue;
      const content = memory.subarray(start, start + imagePageBytes);
      if (this.#shared[index] === true) this.#replace(index, content.slice());
      else {
        page.set(content);
        this.#note(index);
      }
    }
  }

  /** How many pages from `first` on are zero here and in the memory behind `gate`. Most pages of most agents are. */
  #zeroPages(first: number, gate: Gate): number {
    let end = first;
    while (this.#pages[end] === ZERO_PAGE && end - first < scannedPagesMax) end += 1;
    if (end === first) return 0;
    const zeroBytes = gate.zeros(first * imagePageBytes, (end - first) * imagePageBytes) >>> 0;
    return Math.floor(zeroBytes / imagePageBytes);
  }

  #replace(index: number, page: Uint8Array): void {
    this.#pages[index] = page;
    this.#shared[index] = false;
    this.#note(index);
  }

  /** The content of a page is another now. */
  #note(index: number): void {
    this.#noteStale(index);
    this.#given[index] = 0;
  }

  #resize(pageCount: number): void {
    if (pageCount === this.#pages.length) return;
    const kept = pageCount > this.#pages.length ? this.#tree : undefined;
    if (kept === undefined) this.#pages = [];
    for (let index = this.#pages.length; index < pageCount; index += 1) {
      this.#pages.push(ZERO_PAGE);
      this.#shared[index] = true;
    }
    this.#shared.length = pageCount;
    const given = new Uint8Array(pageCount);
    if (kept !== undefined) given.set(this.#given);
    this.#given = given;
    const first = kept === undefined ? 0 : this.#isStale.length;
    const isStale = new Uint8Array(pageCount);
    if (kept === undefined) this.#stale.length = 0;
    else isStale.set(this.#isStale);
    this.#isStale = isStale;
    for (let index = first; index < pageCount; index += 1) this.#noteStale(index);
    this.#tree = new MerkleTree(this.#host.sha256, pageCount, kept);
  }

  #refreshLeaves(): void {
    for (const index of this.#stale) {
      const page = this.#pages[index];
      if (page === undefined) continue;
      const digest = page === ZERO_PAGE ? this.#zeroDigest : this.#host.sha256(page);
      this.#tree.setLeaf(index, digest);
    }
    for (const index of this.#stale) this.#isStale[index] = 0;
    this.#stale.length = 0;
  }

  #noteStale(index: number): void {
    if (this.#isStale[index] === 1) return;
    this.#isStale[index] = 1;
    this.#stale.push(index);
  }
}

function isDigestAt(digests: Uint8Array, start: number, digest: Uint8Array): boolean {
  for (let at = 0; at < digestBytes; at += 1) if (digests[start + at] !== digest[at]) return false;
  return true;
}

/** Four words at a time: a loop over single words is bound by its branches and not by memory. */
function samePage(memory: Uint8Array, start: number, own: Uint8Array): boolean {
  const words = new Int32Array(memory.buffer, memory.byteOffset + start, PAGE_WORDS);
  const page = new Int32Array(own.buffer);
  for (let index = 0; index < PAGE_WORDS; index += 4) {
    const differing =
      ((words[index] ?? 0) ^ (page[index] ?? 0)) |
      ((words[index + 1] ?? 0) ^ (page[index + 1] ?? 0)) |
      ((words[index + 2] ?? 0) ^ (page[index + 2] ?? 0)) |
      ((words[index + 3] ?? 0) ^ (page[index + 3] ?? 0));
    if (differing !== 0) return false;
  }
  return true;
}

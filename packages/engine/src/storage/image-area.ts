/**
 * Images on their way to the thread that writes snapshots: copied one after the other into shared memory that is used
 * again for the next snapshot. Nothing is allocated, cloned or transferred for an image, and the thread is not woken
 * before the last one has come.
 *
 *   image  f64 agent, module, initialised, memoryBytes, state bytes, pages, changed
 *          u32 pages, changed; up to 8   digests   state, up to 8   bytes of the changed pages
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import { snapshotPageBytes } from "@wasm-engine/core";
import { imageAreaBytesKept, imagePartBytesMin } from "./limits.js";
import type { DraftImage } from "./snapshot-draft.js";

const headWords = 7;
const wordBytes = 8;
const digestBytes = 32;

/** Images one after the other in the first `bytes` of shared memory. */
export interface ImagePart {
  readonly buffer: SharedArrayBuffer;
  bytes: number;
}

/** What the other side reads images from; valid until the area is cleared. */
export interface ImageList {
  readonly parts: readonly ImagePart[];
  /** Modules that images name by number. */
  readonly modules: readonly ModuleDigest[];
}

export class ImageArea {
  #parts: ImagePart[] = [];
  /** Parts that wait for the next snapshot. */
  #free: ImagePart[] = [];
  #modules: ModuleDigest[] = [];

  get list(): ImageList {
    return { parts: this.#parts, modules: this.#modules };
  }

  add(image: DraftImage): void {
    const bytes = imageBytes(image);
    const part = this.#partFor(bytes);
    write(part, image, this.#moduleNumber(image.module));
    part.bytes += bytes;
  }

  /** Nobody reads the images any more. Memory beyond what most worlds need goes. */
  clear(): void {
    const all = [...this.#free, ...this.#parts];
    this.#parts = [];
    this.#modules = [];
    this.#free = [];
    let kept = 0;
    for (const { buffer } of all) {
      if (kept + buffer.byteLength > imageAreaBytesKept) continue;
      kept += buffer.byteLength;
      this.#free.push({ buffer, bytes: 0 });
    }
  }

  #moduleNumber(module: ModuleDigest): number {
    const known = this.#modules.indexOf(module);
    return known < 0 ? this.#modules.push(module) - 1 : known;
  }

  #partFor(bytes: number): ImagePart {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.bytes + bytes <= last.buffer.byteLength) return last;
    const free = this.#free.findIndex(({ buffer }) => buffer.byteLength >= bytes);
    const found = free < 0 ? undefined : this.#free.splice(free, 1)[0];
    const part = found ?? { buffer: new SharedArrayBuffer(Math.max(imagePartBytesMin, bytes)), bytes: 0 };
    this.#parts.push(part);
    return part;
  }
}

/** The images of an area. They refer to its memory. */
export function readImages({ parts, modules }: ImageList): DraftImage[] {
  const images: DraftImage[] = [];
  for (const { buffer, bytes } of parts) {
    for (let start = 0; start < bytes;) {
      const image = read(buffer, start, modules);
      images.push(image);
      start += imageBytes(image);
    }
  }
  return images;
}

interface Counts {
  readonly state: number;
  readonly pages: number;
  readonly changed: number;
  /** Of the pages that changed. */
  readonly content: number;
}

function countsOf({ state, pages, changed, bytes }: DraftImage): Counts {
  return { state: state.length, pages: pages.length, changed: changed.length, content: bytes.length };
}

/** Where the parts of an image begin, behind its own begin, and where it ends. */
function placesOf({ state, pages, changed, content }: Counts): {
  readonly digests: number;
  readonly state: number;
  readonly content: number;
  readonly end: number;
} {
  const digestsAt = whole(headWords * wordBytes + 4 * (pages + changed));
  const stateAt = digestsAt + digestBytes * pages;
  const contentAt = stateAt + whole(state);
  return { digests: digestsAt, state: stateAt, content: contentAt, end: contentAt + whole(content) };
}

function imageBytes(image: DraftImage): number {
  return placesOf(countsOf(image)).end;
}

function whole(bytes: number): number {
  return Math.ceil(bytes / wordBytes) * wordBytes;
}

function write({ buffer, bytes: start }: ImagePart, image: DraftImage, module: number): void {
  const { agent, initialised, memoryBytes, pages, digests, changed, state, bytes } = image;
  const counts = countsOf(image);
  assert(digests.length === pages.length * digestBytes, "every page has its digest");
  assert(bytes.length === changed.length * snapshotPageBytes, "every page that changed has its content");
  const places = placesOf(counts);
  const head = new Float64Array(buffer, start, headWords);
  head[0] = agent;
  head[1] = module;
  head[2] = initialised ? 1 : 0;
  head[3] = memoryBytes;
  head[4] = counts.state;
  head[5] = counts.pages;
  head[6] = counts.changed;
  const numbers = new Uint32Array(buffer, start + headWords * wordBytes, counts.pages + counts.changed);
  numbers.set(pages);
  numbers.set(changed, counts.pages);
  const all = new Uint8Array(buffer, start, places.end);
  all.set(digests, places.digests);
  all.set(state, places.state);
  all.set(bytes, places.content);
}

function read(buffer: SharedArrayBuffer, start: number, modules: readonly ModuleDigest[]): DraftImage {
  const head = new Float64Array(buffer, start, headWords);
  const [agent = 0, module = 0, initialised, memoryBytes = 0, state = 0, pages = 0, changed = 0] = head;
  const digest = modules[module];
  assert(digest !== undefined, "an image names a module of its snapshot");
  const content = changed * snapshotPageBytes;
  const places = placesOf({ state, pages, changed, content });
  const numbers = [...new Uint32Array(buffer, start + headWords * wordBytes, pages + changed)];
  return {
    agent: agent as AgentHandle, // brand: written from one
    module: digest,
    initialised: initialised === 1,
    memoryBytes,
    pages: numbers.slice(0, pages),
    changed: numbers.slice(pages),
    digests: new Uint8Array(buffer, start + places.digests, digestBytes * pages),
    state: new Uint8Array(buffer, start + places.state, state),
    bytes: new Uint8Array(buffer, start + places.content, content),
  };
}

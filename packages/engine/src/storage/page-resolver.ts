/**
 * Finds a place for every page of a snapshot: in a pack that the snapshot before it names, or in the new pack. Packs
 * that hold little of what is still in use are left: their pages move to the new pack, so that neither the number
 * of packs of a snapshot nor their dead weight grows without bound.
 */

import { assert } from "@wasm-engine/abi";
import { snapshotPageBytes, type PagePack } from "@wasm-engine/core";
import { packsPerSnapshotMax, packLiveShareMin } from "./limits.js";

const digestBytes = 32;

interface PagePlace {
  readonly pack: string;
  readonly at: number;
}

/** Pages that a snapshot uses, by digest, and how much of its packs that is. */
export interface KnownPages {
  readonly places: ReadonlyMap<string, PagePlace>;
  /** Pages that a pack holds, by its name. */
  readonly packPages: ReadonlyMap<string, number>;
}

export const noPages: KnownPages = { places: new Map(), packPages: new Map() };

/** Digest as a key of maps. */
export function pageKey(digests: Uint8Array, index: number): string {
  const { buffer, byteOffset } = digests;
  return Buffer.from(buffer, byteOffset + index * digestBytes, digestBytes).toString("latin1");
}

/** Name that stands for the pack which is being made. */
const fresh = "";

export class PageResolver {
  readonly #known: KnownPages;
  readonly #read: (pack: string) => PagePack | undefined;
  readonly #usable: ReadonlySet<string>;
  readonly #given = new Map<string, Uint8Array>();
  readonly #opened = new Map<string, PagePack | undefined>();
  readonly #places = new Map<string, PagePlace>();
  readonly #newKeys: string[] = [];
  readonly #newPages: Uint8Array[] = [];
  /** Pages whose content nobody has any more. */
  missing = 0;

  /** @param present packs that are on the disk */
  constructor(known: KnownPages, present: ReadonlySet<string>, read: (pack: string) => PagePack | undefined) {
    this.#known = known;
    this.#read = read;
    this.#usable = usablePacks(known, present);
  }

  /** The content of a page, which may be needed. */
  give(key: string, page: Uint8Array): void {
    this.#given.set(key, page);
  }

  /** Where the page is; undefined where its content is missing. The pack "" is the new one. */
  place(key: string): PagePlace | undefined {
    const found = this.#places.get(key) ?? this.#placeOf(key);
    if (found === undefined) this.missing += 1;
    else this.#places.set(key, found);
    return found;
  }

  #placeOf(key: string): PagePlace | undefined {
    const known = this.#known.places.get(key);
    if (known !== undefined && this.#usable.has(known.pack)) return known;
    const page = this.#given.get(key) ?? (known === undefined ? undefined : this.#pageAt(known));
    if (page === undefined) return undefined;
    assert(page.length === snapshotPageBytes, "pages are whole");
    this.#newKeys.push(key);
    this.#newPages.push(page);
    return { pack: fresh, at: this.#newPages.length - 1 };
  }

  #pageAt({ pack, at }: PagePlace): Uint8Array | undefined {
    if (!this.#opened.has(pack)) this.#opened.set(pack, this.#read(pack));
    return this.#opened.get(pack)?.pages.subarray(at * snapshotPageBytes, (at + 1) * snapshotPageBytes);
  }

  /** The pages that no kept pack holds; undefined without any. */
  newPack(): Omit<PagePack, "digest"> | undefined {
    if (this.#newKeys.length === 0) return undefined;
    return { digests: Buffer.from(this.#newKeys.join(""), "latin1"), pages: Buffer.concat(this.#newPages) };
  }

  /** What the next snapshot may refer to. @param newName name of the new pack */
  known(newName: string | undefined): KnownPages {
    const places = new Map<string, PagePlace>();
    const packPages = new Map<string, number>();
    for (const [key, { pack, at }] of this.#places) {
      const name = pack === fresh ? (newName ?? fresh) : pack;
      places.set(key, { pack: name, at });
      packPages.set(name, pack === fresh ? this.#newKeys.length : (this.#known.packPages.get(pack) ?? 0));
    }
    return { places, packPages };
  }
}

/** Packs that are there and worth being named again. */
function usablePacks(known: KnownPages, present: ReadonlySet<string>): ReadonlySet<string> {
  const live = new Map<string, number>();
  for (const { pack } of known.places.values()) live.set(pack, (live.get(pack) ?? 0) + 1);
  const worth = [...live].filter(([pack, pages]) => {
    return present.has(pack) && pages >= (known.packPages.get(pack) ?? 0) * packLiveShareMin;
  });
  if (worth.length >= packsPerSnapshotMax) {
    worth.sort(([, left], [, right]) => right - left);
    worth.length = packsPerSnapshotMax >>> 1;
  }
  return new Set(worth.map(([pack]) => pack));
}

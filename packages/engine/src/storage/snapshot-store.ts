/**
 * Snapshots of one run as files: written whole or not at all, the newest usable one is taken, damaged ones are
 * passed over with a note. A snapshot that knows more than the log is of no use: its ticks would have no record.
 * Memories of snapshots lie in packs that they share; see page-store.ts.
 */

import { join } from "node:path";
import { EngineError, assert } from "@wasm-engine/abi";
import {
  assembleSnapshot,
  decodePagedSnapshot,
  decodeSnapshot,
  encodePagedSnapshot,
  encodeSnapshot,
  equalBytes,
  readSnapshotPlace,
  snapshotPageBytes,
} from "@wasm-engine/core";
import type { Hasher, PackPorts, PackedImage, PagedSnapshot, PagePack, Snapshot } from "@wasm-engine/core";
import { hexOfBytes } from "../crypto/node-crypto.js";
import { nodeCompression } from "./block-compression.js";
import { replaceFile, type FileSystem } from "./file-system.js";
import { PageResolver, noPages, pageKey, type KnownPages } from "./page-resolver.js";
import { PageStore, type ShareFile } from "./page-store.js";
import type { DraftImage, SaveResult, SnapshotDraft } from "./snapshot-draft.js";
import { snapshotBytesAffordableMax, snapshotsAffordableMin } from "./limits.js";
import { ticksToRemove, type SnapshotKeep } from "./snapshot-retention.js";
import { writeError } from "./write-error.js";

/** What a snapshot must fit. */
export interface SnapshotFit {
  readonly genesisDigest: Uint8Array;
  /** Records that the log holds. */
  readonly records: number;
  /** Not later than this tick. */
  readonly tickMax?: number;
  /** Not earlier than this tick: the log tells nothing of what followed before. */
  readonly tickMin?: number;
}

export interface FoundSnapshot {
  readonly snapshot: Snapshot | undefined;
  /** One sentence per snapshot that was passed over. */
  readonly notes: readonly string[];
}

/** A file of a run folder. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Of a page. */
const digestBytes = 32;
const namePattern = /^(\d{16})\.snap$/;

export class SnapshotStore {
  readonly #system: FileSystem;
  readonly #hasher: Hasher;
  readonly #ports: PackPorts;
  readonly #folder: string;
  readonly #pages: PageStore;
  /** Pages of the snapshot that was saved last; undefined before the first save. */
  #known: KnownPages | undefined;
  /** Packs that a snapshot names, by its file name. */
  readonly #packsOf = new Map<string, readonly string[]>();
  /** Bytes of snapshots whose length was asked for, by their file names. */
  readonly #lengths = new Map<string, number>();

  /** @param run folder of the run */
  constructor(system: FileSystem, hasher: Hasher, run: string) {
    this.#system = system;
    this.#hasher = hasher;
    this.#ports = { hasher, compression: nodeCompression };
    this.#folder = join(run, "snapshots");
    this.#pages = new PageStore(system, hasher, join(run, "pages"));
  }

  /**
   * Keeps a snapshot that shares nothing with others (version 1). Returns its file name when it is on the disk.
   * @throws {WE_RUN_UNWRITABLE}
   */
  saveWhole(snapshot: Snapshot): string {
    return this.#replace(snapshot.tick, encodeSnapshot(this.#hasher, snapshot));
  }

  /**
   * Keeps a snapshot; returns when it is on the disk. Unchanged pages are not written again.
   * @throws {WE_RUN_UNWRITABLE} {WE_DISK_FULL}
   */
  save(draft: SnapshotDraft): SaveResult {
    const known = this.#known ?? this.#knownOfNewest();
    const present = new Set(this.#pages.names());
    const pages = new PageResolver(known, present, (name) => this.#readPack(name));
    for (const image of draft.images) give(pages, image);
    const packs: string[] = [];
    const images = draft.images.map((image) => packed(image, pages, packs));
    if (pages.missing > 0) {
      this.#known = undefined;
      return { kind: "incomplete", missing: pages.missing };
    }
    const fresh = pages.newPack();
    const freshName = fresh === undefined ? undefined : this.#pages.write(fresh);
    const names = packs.map((name) => (name === "" ? (freshName ?? name) : name));
    const snapshot = { ...draft, images, packs: names.map((name) => Buffer.from(name, "hex")) };
    const name = this.#replace(draft.tick, encodePagedSnapshot(this.#ports, snapshot));
    this.#packsOf.set(name, names);
    this.#known = pages.known(freshName);
    return { kind: "saved", name };
  }

  /**
   * Gives the newest snapshot that fits to another run, which has `logRecords` records then. Packs are shared and not
   * copied. Returns its tick; undefined without one.
   * @param share gives a file a further name @throws {WE_RUN_UNWRITABLE}
   */
  giveNewest(
    fit: SnapshotFit,
    to: { readonly store: SnapshotStore; readonly logRecords: number; readonly share: ShareFile },
  ): number | undefined {
    const { store, logRecords, share } = to;
    const { snapshot } = this.newest(fit);
    if (snapshot === undefined) return undefined;
    const paged = this.#guarded(nameOf(snapshot.tick), (bytes) => {
      return decodePagedSnapshot(this.#ports, bytes) ?? "another version";
    });
    if (typeof paged === "string") {
      store.saveWhole({ ...snapshot, logRecords });
    } else {
      this.#pages.give(paged.packs.map(hexOfBytes), store.#pages, share);
      store.#replace(snapshot.tick, encodePagedSnapshot(this.#ports, { ...paged, logRecords }));
    }
    return snapshot.tick;
  }

  #replace(tick: number, parts: readonly Uint8Array[]): string {
    const name = nameOf(tick);
    this.#forget(name);
    try {
      this.#system.makeFolder(this.#folder);
      replaceFile(this.#system, this.#folder, name, parts);
    } catch (error) {
      throw writeError(join(this.#folder, name), error);
    }
    return name;
  }

  /** Ticks of the snapshots that are there, ascending; whether they are whole shows when they are read. */
  ticks(): readonly number[] {
    return this.#names().map((name) => tickOf(name));
  }

  /** SHA-256 of the newest snapshot's file, as hex, whether it can be used or not; undefined without one. */
  newestDigest(): string | undefined {
    const name = this.#names().at(-1);
    const bytes = name === undefined ? undefined : this.#system.read(join(this.#folder, name));
    return bytes === undefined ? undefined : hexOfBytes(this.#hasher.sha256(bytes));
  }

  /** Whether the newest snapshot is that of the tick and names packs: the next one can name them too. */
  canBuildOn(tick: number): boolean {
    const name = this.#names().at(-1);
    return name !== undefined && tickOf(name) === tick && this.#packNames(name).length > 0;
  }

  /**
   * The files that a snapshot consists of, by their path in the run folder, itself first; undefined where one of them
   * is gone or damaged.
   */
  filesOf(tick: number): readonly StoredFile[] | undefined {
    const name = this.#names().find((entry) => tickOf(entry) === tick);
    if (name === undefined || typeof this.#read(name) === "string") return undefined;
    const bytes = this.#system.read(join(this.#folder, name));
    if (bytes === undefined) return undefined;
    const packs = this.#packNames(name).map((pack) => ({ name: pack, bytes: this.#pages.bytesOf(pack) }));
    const files = [{ name: `snapshots/${name}`, bytes }];
    for (const pack of packs) {
      if (pack.bytes === undefined) return undefined;
      files.push({ name: `pages/${pack.name}.pack`, bytes: pack.bytes });
    }
    return files;
  }

  /** The newest snapshot that is whole and fits. */
  newest(fit: SnapshotFit): FoundSnapshot {
    const notes: string[] = [];
    for (const name of this.#names().reverse()) {
      if (tickOf(name) > (fit.tickMax ?? Infinity) || tickOf(name) < (fit.tickMin ?? -1)) continue;
      const snapshot = this.#read(name);
      const objection = typeof snapshot === "string" ? snapshot : objectionTo(snapshot, fit);
      if (objection === undefined && typeof snapshot !== "string") return { snapshot, notes };
      notes.push(`Snapshot ${name} was passed over: ${objection ?? "it does not read"}`);
    }
    return { snapshot: undefined, notes };
  }

  /** What a snapshot of exactly this tick says of its world, without reading its pages; undefined where none fits. */
  worldOf(tick: number, fit: SnapshotFit): Uint8Array | undefined {
    if (!this.ticks().includes(tick)) return undefined;
    const paged = this.#guarded(nameOf(tick), (bytes) => {
      return decodePagedSnapshot(this.#ports, bytes) ?? decodeSnapshot(this.#hasher, bytes);
    });
    return typeof paged === "string" || objectionTo(paged, fit) !== undefined ? undefined : paged.world;
  }

  /**
   * Removes snapshots that retention gives up, then packs that no snapshot names any more. Returns the ticks of the
   * snapshots. In this order a power cut leaves at worst packs that nobody needs.
   * @param bytesMax with `affordable`: of snapshots and pages together
   */
  prune(keep: SnapshotKeep, bytesMax: number = snapshotBytesAffordableMax): readonly number[] {
    const removed = [...this.#remove(ticksToRemove(this.ticks(), keep))];
    if (keep !== "affordable") return removed;
    let count = this.ticks().length;
    while (count > snapshotsAffordableMin && this.#bytes() > bytesMax) {
      const keptMax = Math.max(Math.floor(count * 0.75), snapshotsAffordableMin);
      removed.push(...this.#remove(ticksToRemove(this.ticks(), keptMax)));
      count = keptMax;
    }
    return removed;
  }

  /** Removes the snapshots of ticks before `tick`, as {@link prune} does. Returns their ticks. */
  removeBefore(tick: number): readonly number[] {
    return this.#remove(this.ticks().filter((older) => older < tick));
  }

  /** Bytes of all snapshots and of the pages that they share. */
  #bytes(): number {
    let bytes = this.#pages.bytes();
    for (const name of this.#names()) {
      // Written once, and by this object as long as the run is open.
      const length = this.#lengths.get(name) ?? this.#system.length(join(this.#folder, name)) ?? 0;
      this.#lengths.set(name, length);
      bytes += length;
    }
    return bytes;
  }

  /** The file of this name is another one now, or none. */
  #forget(name: string): void {
    this.#packsOf.delete(name);
    this.#lengths.delete(name);
  }

  #remove(removed: readonly number[]): readonly number[] {
    if (removed.length === 0) return [];
    try {
      const gone = new Set(removed);
      for (const name of this.#names()) {
        if (!gone.has(tickOf(name))) continue;
        this.#system.remove(join(this.#folder, name));
        this.#forget(name);
      }
      this.#system.syncFolder(this.#folder);
      this.removeUnusedPacks();
    } catch (error) {
      if (EngineError.is(error)) throw error;
      throw writeError(this.#folder, error);
    }
    return removed;
  }

  /** Removes packs that no snapshot names, and what interrupted writes left. Returns names of packs. */
  removeUnusedPacks(): readonly string[] {
    return this.#pages.removeAllBut(new Set(this.usedPacks()));
  }

  /** Packs that snapshots name. */
  usedPacks(): readonly string[] {
    return this.#names().flatMap((name) => this.#packNames(name));
  }

  /** Packs that a snapshot names; none where it does not read, for then nobody can use it. */
  #packNames(name: string): readonly string[] {
    const known = this.#packsOf.get(name);
    if (known !== undefined) return known;
    const names = this.#guarded(name, (bytes) =>
      readSnapshotPlace(this.#hasher, bytes).packs.map(hexOfBytes),
    );
    const found = typeof names === "string" ? [] : names;
    this.#packsOf.set(name, found);
    return found;
  }

  #names(): string[] {
    return (this.#system.list(this.#folder) ?? []).filter((name) => namePattern.test(name));
  }

  /** The snapshot, or why it cannot be used. */
  #read(name: string): Snapshot | string {
    return this.#guarded(name, (bytes) => {
      const paged = decodePagedSnapshot(this.#ports, bytes);
      if (paged === undefined) return decodeSnapshot(this.#hasher, bytes);
      const packs = this.#packsFor(paged);
      return typeof packs === "string" ? packs : assembleSnapshot(paged, packs);
    });
  }

  #packsFor({ packs }: PagedSnapshot): PagePack[] | string {
    const found: (PagePack | undefined)[] = [];
    for (const name of packs.map(hexOfBytes)) {
      try {
        found.push(this.#pages.read(name));
      } catch (error) {
        if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
        return `the pages ${name}.pack: ${error.message}`;
      }
    }
    const missing = found.findIndex((pack) => pack === undefined);
    if (missing < 0) return found.filter((pack) => pack !== undefined);
    return `the pages ${hexOfBytes(packs[missing] ?? new Uint8Array()).slice(0, 12)} are gone`;
  }

  /** A pack of an earlier snapshot; undefined where it is gone or damaged. */
  #readPack(name: string): PagePack | undefined {
    return this.#unlessDamaged(() => this.#pages.read(name));
  }

  #unlessDamaged<T>(read: () => T | undefined): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
      return undefined;
    }
  }

  /** Pages of the newest snapshot of an earlier process. */
  #knownOfNewest(): KnownPages {
    const name = this.#names().at(-1);
    const paged =
      name === undefined
        ? undefined
        : this.#guarded(name, (bytes) => decodePagedSnapshot(this.#ports, bytes) ?? "another version");
    if (paged === undefined || typeof paged === "string") return noPages;
    const packs = paged.packs.map((digest) => ({
      name: hexOfBytes(digest),
      digests: this.#unlessDamaged(() => this.#pages.digestsOf(hexOfBytes(digest))),
    }));
    const places = new Map<string, { pack: string; at: number }>();
    for (const { pages } of paged.images) {
      for (let run = 0; run + 3 < pages.length; run += 4) {
        const { name: packName = "", digests } = packs[pages[run + 2] ?? 0] ?? {};
        const [count = 0, start = 0] = [pages[run + 1], pages[run + 3]];
        for (let at = start; digests !== undefined && at < start + count; at += 1) {
          places.set(pageKey(digests, at), { pack: packName, at });
        }
      }
    }
    const packPages = packs.flatMap(({ name: packName, digests }) =>
      digests === undefined ? [] : ([[packName, digests.length / digestBytes]] as const),
    );
    return { places, packPages: new Map(packPages) };
  }

  /** What `read` makes of the file, or why it cannot be used. */
  #guarded<T>(name: string, read: (bytes: Uint8Array) => T | string): T | string {
    try {
      const bytes = this.#system.read(join(this.#folder, name));
      if (bytes === undefined) return "the file is gone";
      return read(bytes);
    } catch (error) {
      if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
      return error.message;
    }
  }
}

function give(pages: PageResolver, { digests, changed, bytes }: DraftImage): void {
  for (const [position, at] of changed.entries()) {
    const page = bytes.subarray(position * snapshotPageBytes, (position + 1) * snapshotPageBytes);
    pages.give(pageKey(digests, at), page);
  }
}

/** @param packs names of packs, by their numbers; grows */
function packed(image: DraftImage, pages: PageResolver, packs: string[]): PackedImage {
  const { agent, module, initialised, memoryBytes, state, digests } = image;
  assert(digests.length === image.pages.length * 32, "every page has its digest");
  const runs: number[] = [];
  for (const [index, page] of image.pages.entries()) {
    const place = pages.place(pageKey(digests, index));
    if (place === undefined) continue;
    let number = packs.indexOf(place.pack);
    if (number < 0) number = packs.push(place.pack) - 1;
    const last = runs.length - 4;
    const [first = 0, count = 0, pack, at = 0] = runs.slice(Math.max(0, last));
    if (last >= 0 && pack === number && first + count === page && at + count === place.at) {
      runs[last + 1] = count + 1;
    } else runs.push(page, 1, number, place.at);
  }
  return { agent, module, initialised, memoryBytes, state, pages: runs };
}

function nameOf(tick: number): string {
  return `${String(tick + 1).padStart(16, "0")}.snap`;
}

function tickOf(name: string): number {
  return Number(namePattern.exec(name)?.[1] ?? 0) - 1;
}

function objectionTo(
  snapshot: Pick<Snapshot, "genesisDigest" | "logRecords">,
  fit: SnapshotFit,
): string | undefined {
  if (!equalBytes(snapshot.genesisDigest, fit.genesisDigest)) return "it belongs to another run";
  if (snapshot.logRecords > fit.records) {
    return `it needs ${snapshot.logRecords} records of the log, which holds ${fit.records}`;
  }
  return undefined;
}

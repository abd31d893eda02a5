/**
 * A disk in memory that fails on purpose: it counts calls, cuts the power at any of them, tears and drops what was not
 * synced, runs out of space, refuses syncs and writes less than asked.
 *
 * A file has the bytes that programs see and the bytes that are on the disk; what lies between are pending writes, of
 * which a power cut keeps any subset of sectors. Names likewise: created, renamed and removed names are pending until
 * their folder is synced.
 */

import { dirname } from "node:path";
import type { FileSystem } from "../storage/file-system.js";

/** Random numbers in [0, 1) from a seed. */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type DiskCall =
  "open" | "write" | "sync" | "truncate" | "rename" | "remove" | "syncFolder" | "makeFolder";

export interface PendingWrite {
  readonly position: number;
  readonly bytes: Uint8Array;
  /** A sync of it failed: the system counts it as written, and no later sync writes it. */
  readonly isLost?: true;
}

export interface DiskFile {
  /** What programs read. */
  seen: Uint8Array;
  /** What a power cut leaves at least. */
  durable: Uint8Array;
  pending: PendingWrite[];
}

/** Names that change together: a rename takes one away and puts one. */
type NameChange = readonly { readonly path: string; readonly file: DiskFile | undefined }[];

const sectorBytes = 512;

export class FaultFileSystem implements FileSystem {
  #names = new Map<string, DiskFile>();
  #durableNames = new Map<string, DiskFile>();
  #pendingNames: NameChange[] = [];
  readonly #folders = new Set<string>();
  readonly #open = new Map<number, DiskFile>();
  #nextFile = 3;
  #isCut = false;
  /** Calls that change something, so far. */
  calls = 0;
  readonly callsByKind = new Map<DiskCall, number>();
  /** The power goes off during this call, counted from 1. */
  cutAt: number | undefined;
  /** Called before every changing call; an errno makes it fail. */
  fault: ((call: DiskCall, path: string | undefined) => string | undefined) | undefined;
  /** Largest number of bytes that one write takes. */
  writeBytesMax = Infinity;
  /** Called during every changing call, where a power cut would strike. */
  onCall: (() => void) | undefined;

  get isCut(): boolean {
    return this.#isCut;
  }

  open(path: string): number {
    this.#count("open", path);
    let file = this.#names.get(path);
    if (file === undefined) {
      file = { seen: new Uint8Array(), durable: new Uint8Array(), pending: [] };
      this.#change([{ path, file }]);
    }
    this.#open.set((this.#nextFile += 1), file);
    return this.#nextFile;
  }

  write(handle: number, bytes: Uint8Array, position: number): number {
    const file = this.#file(handle);
    const taken = bytes.slice(0, Math.min(bytes.length, this.writeBytesMax));
    const isCutting = this.#isCutting();
    file.seen = overwritten(file.seen, taken, position);
    file.pending.push({ position, bytes: taken });
    if (isCutting) this.#count("write");
    else this.#countOrUndo(file, taken, position);
    return taken.length;
  }

  sync(handle: number): void {
    syncBytes(this.#file(handle), () => this.#count("sync"));
  }

  close(handle: number): void {
    this.#open.delete(handle);
  }

  truncate(handle: number, length: number): void {
    this.#count("truncate");
    const file = this.#file(handle);
    file.seen = file.seen.slice(0, length);
    // A cut after this call may find the old length: the file's durable bytes stay until it is synced.
    file.pending = file.pending.filter((write) => write.position < length);
  }

  rename(from: string, to: string): void {
    this.#count("rename", to);
    const file = this.#names.get(from);
    if (file === undefined) throw errno("ENOENT");
    this.#change([
      { path: from, file: undefined },
      { path: to, file },
    ]);
  }

  remove(path: string): void {
    if (!this.#names.has(path)) return;
    this.#count("remove", path);
    this.#change([{ path, file: undefined }]);
  }

  makeFolder(path: string): void {
    if (this.#folders.has(path)) return;
    this.#count("makeFolder", path);
    this.#folders.add(path);
  }

  list(path: string): readonly string[] | undefined {
    if (!this.#folders.has(path)) return undefined;
    const inside = [...this.#names.keys()].filter((name) => dirname(name) === path);
    return inside.map((name) => name.slice(path.length + 1)).sort();
  }

  read(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.seen.slice();
  }

  readPart(path: string, position: number, length: number): Uint8Array | undefined {
    return this.#names.get(path)?.seen.slice(position, position + length);
  }

  length(path: string): number | undefined {
    return this.#names.get(path)?.seen.length;
  }

  syncFolder(path: string): void {
    this.#count("syncFolder", path);
    const isInside = (change: NameChange): boolean => change.some((entry) => dirname(entry.path) === path);
    for (const change of this.#pendingNames.filter(isInside)) applyNames(this.#durableNames, change);
    this.#pendingNames = this.#pendingNames.filter((change) => !isInside(change));
  }

  /** Changes one byte behind everybody's back. */
  flip(path: string, offset: number, mask: number): void {
    const file = this.#names.get(path);
    if (file === undefined) throw new Error(`no file ${path}`);
    file.seen = file.seen.slice();
    file.seen[offset] = (file.seen[offset] ?? 0) ^ mask;
  }

  /** This disk as it is now, with what is pending; for {@link afterCut} on every call of one life. */
  copy(): FaultFileSystem {
    const copy = new FaultFileSystem();
    const files = new Map<DiskFile, DiskFile>();
    const copied = (file: DiskFile): DiskFile => {
      // Bytes are replaced and never changed: they are shared.
      const known = files.get(file) ?? { ...file, pending: [...file.pending] };
      files.set(file, known);
      return known;
    };
    for (const folder of this.#folders) copy.#folders.add(folder);
    for (const [path, file] of this.#names) copy.#names.set(path, copied(file));
    for (const [path, file] of this.#durableNames) copy.#durableNames.set(path, copied(file));
    copy.#pendingNames = this.#pendingNames.map((change) =>
      change.map(({ path, file }) => ({ path, file: file === undefined ? undefined : copied(file) })),
    );
    return copy;
  }

  /** The disk after a power cut: synced bytes and names, and any part of the rest. */
  afterCut(random: Random): FaultFileSystem {
    const after = new FaultFileSystem();
    for (const folder of this.#folders) after.#folders.add(folder);
    const names = new Map(this.#durableNames);
    for (const change of this.#pendingNames) if (random() < 0.5) applyNames(names, change);
    const survivors = new Map<DiskFile, DiskFile>();
    for (const [path, file] of names) {
      const survivor = survivors.get(file) ?? surviving(file, random);
      survivors.set(file, survivor);
      after.#names.set(path, survivor);
      after.#durableNames.set(path, survivor);
    }
    return after;
  }

  #change(change: NameChange): void {
    applyNames(this.#names, change);
    this.#pendingNames.push(change);
  }

  #file(handle: number): DiskFile {
    const file = this.#open.get(handle);
    if (file === undefined) throw errno("EBADF");
    return file;
  }

  #isCutting(): boolean {
    return this.calls + 1 === this.cutAt;
  }

  #countOrUndo(file: DiskFile, taken: Uint8Array, position: number): void {
    try {
      this.#count("write");
    } catch (error) {
      file.pending.pop();
      file.seen = file.seen.length === position + taken.length ? file.seen.slice(0, position) : file.seen;
      throw error;
    }
  }

  #count(call: DiskCall, path?: string): void {
    if (this.#isCut) throw errno("EPOWER");
    this.calls += 1;
    this.callsByKind.set(call, (this.callsByKind.get(call) ?? 0) + 1);
    this.onCall?.();
    if (this.calls === this.cutAt) {
      this.#isCut = true;
      throw errno("EPOWER");
    }
    const code = this.fault?.(call, path);
    if (code !== undefined) throw errno(code);
  }
}

function applyNames(names: Map<string, DiskFile>, change: NameChange): void {
  for (const { path, file } of change) {
    if (file === undefined) names.delete(path);
    else names.set(path, file);
  }
}

/** What is there comes onto the disk, unless `attempt` throws: then it is lost, and no later sync writes it. */
export function syncBytes(file: DiskFile, attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    file.pending = file.pending.map((write) => ({ ...write, isLost: true }));
    throw error;
  }
  const lost = file.pending.filter(({ isLost }) => isLost === true);
  const others = file.pending.filter(({ isLost }) => isLost !== true);
  const apply = (bytes: Uint8Array, write: PendingWrite): Uint8Array =>
    overwritten(bytes, write.bytes, write.position);
  file.durable = lost.length === 0 ? file.seen : others.reduce(apply, file.durable);
  file.pending = lost;
}

/** What is left of a file: all, nothing or some sectors of every pending write, the last one cut at any byte. */
export function surviving(file: DiskFile, random: Random): DiskFile {
  const mode = random();
  let bytes = file.durable;
  for (const { position, bytes: written } of file.pending) {
    if (mode < 0.25) continue;
    const isWhole = mode > 0.75;
    const end = isWhole ? written.length : Math.floor(random() * (written.length + 1));
    for (let start = 0; start < end;) {
      const sectorEnd = (Math.floor((position + start) / sectorBytes) + 1) * sectorBytes - position;
      const stop = Math.min(end, sectorEnd);
      if (isWhole || random() < 0.6)
        bytes = overwritten(bytes, written.subarray(start, stop), position + start);
      start = stop;
    }
  }
  return { seen: bytes, durable: bytes, pending: [] };
}

export function overwritten(bytes: Uint8Array, change: Uint8Array, position: number): Uint8Array {
  const changed = new Uint8Array(Math.max(bytes.length, position + change.length));
  changed.set(bytes);
  changed.set(change, position);
  return changed;
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Snapshots of one run as files: written whole or not at all, the newest usable one is taken, damaged ones are
 * passed over
 * with a note. A snapshot that knows more than the log is of no use: its ticks would have no record.
 */

import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { decodeSnapshot, encodeSnapshot, equalBytes, type Hasher, type Snapshot } from "@wasm-engine/core";
import { replaceFile, type FileSystem } from "./file-system.js";
import { writeError } from "./write-error.js";

/** What a snapshot must fit. */
export interface SnapshotFit {
  readonly genesisDigest: Uint8Array;
  /** Records that the log holds. */
  readonly records: number;
  /** Not later than this tick. */
  readonly tickMax?: number;
}

export interface FoundSnapshot {
  readonly snapshot: Snapshot | undefined;
  /** One sentence per snapshot that was passed over. */
  readonly notes: readonly string[];
}

const namePattern = /^(\d{16})\.snap$/;

export class SnapshotStore {
  readonly #system: FileSystem;
  readonly #hasher: Hasher;
  readonly #folder: string;

  constructor(system: FileSystem, hasher: Hasher, folder: string) {
    this.#system = system;
    this.#hasher = hasher;
    this.#folder = folder;
  }

  /** Returns its file name when the snapshot is on the disk. @throws {WE_RUN_UNWRITABLE} {WE_DISK_FULL} */
  save(snapshot: Snapshot): string {
    const name = `${String(snapshot.tick + 1).padStart(16, "0")}.snap`;
    try {
      this.#system.makeFolder(this.#folder);
      replaceFile(this.#system, this.#folder, name, encodeSnapshot(this.#hasher, snapshot));
    } catch (error) {
      throw writeError(join(this.#folder, name), error);
    }
    return name;
  }

  /** Ticks of the snapshots that are there, ascending; whether they are whole shows when they are read. */
  ticks(): readonly number[] {
    return this.#names().map((name) => tickOf(name));
  }

  /** The newest snapshot that is whole and fits. */
  newest(fit: SnapshotFit): FoundSnapshot {
    const notes: string[] = [];
    for (const name of this.#names().reverse()) {
      if (tickOf(name) > (fit.tickMax ?? Infinity)) continue;
      const snapshot = this.#read(name);
      const objection = typeof snapshot === "string" ? snapshot : objectionTo(snapshot, fit);
      if (objection === undefined && typeof snapshot !== "string") return { snapshot, notes };
      notes.push(`Snapshot ${name} was passed over: ${objection ?? "it does not read"}`);
    }
    return { snapshot: undefined, notes };
  }

  /** Removes all but the newest `keep` snapshots. */
  prune(keep: number): void {
    const names = this.#names();
    for (const name of names.slice(0, Math.max(0, names.length - keep))) {
      this.#system.remove(join(this.#folder, name));
    }
    this.#system.syncFolder(this.#folder);
  }

  #names(): string[] {
    return (this.#system.list(this.#folder) ?? []).filter((name) => namePattern.test(name));
  }

  /** The snapshot, or why it cannot be used. */
  #read(name: string): Snapshot | string {
    const bytes = this.#system.read(join(this.#folder, name));
    if (bytes === undefined) return "the file is gone";
    try {
      return decodeSnapshot(this.#hasher, bytes);
    } catch (error) {
      if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
      return error.message;
    }
  }
}

function tickOf(name: string): number {
  return Number(namePattern.exec(name)?.[1] ?? 0) - 1;
}

function objectionTo(snapshot: Snapshot, fit: SnapshotFit): string | undefined {
  if (!equalBytes(snapshot.genesisDigest, fit.genesisDigest)) return "it belongs to another run";
  if (snapshot.logRecords > fit.records) {
    return `it needs ${snapshot.logRecords} records of the log, which holds ${fit.records}`;
  }
  return undefined;
}

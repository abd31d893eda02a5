/**
 * Appends bytes to the segment files of one log, syncs them and keeps the synced mark. Used by whichever thread
 * owns the files.
 * A full disk is an answer here, any other failure an exception after which the writer is of no more use.
 */

import { join } from "node:path";
import { assert } from "@wasm-engine/abi";
import { encodeSyncedMark, segmentName } from "@wasm-engine/core";
import { storageError } from "./errors.js";
import { errnoOf, isScarcity, writeSome, type FileSystem } from "./file-system.js";

/** Where the files of a log are, and where writing goes on. Plain data: it crosses to the writer thread. */
export interface SegmentWriterStart {
  readonly logFolder: string;
  readonly markPath: string;
  readonly genesisDigest: Uint8Array;
  readonly segment: number;
  /** Length of that segment's file. */
  readonly offset: number;
  /** Position in the log, equal to the sum of all segments. */
  readonly position: number;
}

export class SegmentWriter {
  readonly #system: FileSystem;
  readonly #start: SegmentWriterStart;
  #file: number | undefined;
  #mark: number | undefined;
  #offset: number;
  #position: number;
  #syncedPosition = -1;
  #isFolderDirty = true;

  /** Nothing is taken to be on the disk before the first `sync`: a killed process leaves unsynced bytes behind. */
  constructor(system: FileSystem, start: SegmentWriterStart) {
    this.#system = system;
    this.#start = start;
    this.#offset = start.offset;
    this.#position = start.position;
    const file = this.#unlessFull("open", () => system.open(this.#path(start.segment)));
    if (file === undefined) throw storageError("WE_LOG_FULL", { cause: "its first file cannot be opened" });
    this.#file = file;
  }

  /** Position up to which bytes are written. */
  get position(): number {
    return this.#position;
  }

  /** -1 before the first sync. */
  get syncedPosition(): number {
    return this.#syncedPosition;
  }

  /** Bytes accepted; fewer than given means that the disk is full: offer the rest again later. */
  write(bytes: Uint8Array): number {
    const file = this.#file;
    assert(file !== undefined, "the writer is open");
    let written = 0;
    while (written < bytes.length) {
      const count = this.#unlessFull("write", () =>
        writeSome(this.#system, file, bytes.subarray(written), this.#offset),
      );
      if (count === undefined) break;
      written += count;
      this.#offset += count;
      this.#position += count;
    }
    return written;
  }

  /** Goes on in a new segment file. The old one is synced first, so only the last can ever be torn. False: full. */
  begin(segment: number): boolean {
    this.sync();
    const file = this.#unlessFull("open", () => this.#system.open(this.#path(segment)));
    if (file === undefined) return false;
    if (this.#file !== undefined) this.#system.close(this.#file);
    this.#file = file;
    this.#offset = 0;
    this.#isFolderDirty = true;
    return true;
  }

  /** Returns when everything written is on the disk. A failure is final: nobody knows what the disk holds. */
  sync(): void {
    const file = this.#file;
    assert(file !== undefined, "the writer is open");
    if (this.#syncedPosition === this.#position) return;
    guarded("sync", () => {
      this.#system.sync(file);
      if (this.#isFolderDirty) this.#system.syncFolder(this.#start.logFolder);
    });
    this.#isFolderDirty = false;
    this.#syncedPosition = this.#position;
    this.#writeMark();
  }

  close(): void {
    for (const file of [this.#file, this.#mark]) if (file !== undefined) this.#system.close(file);
    this.#file = undefined;
    this.#mark = undefined;
  }

  /** Only a witness: a mark that cannot be written, or is lost, makes recovery less strict and nothing else. */
  #writeMark(): void {
    try {
      this.#mark ??= this.#system.open(this.#start.markPath);
      const mark = encodeSyncedMark(this.#start.genesisDigest, this.#syncedPosition);
      writeSome(this.#system, this.#mark, mark, 0);
    } catch (error) {
      if (!isScarcity(error) && errnoOf(error) !== "EIO") throw failed("mark", error);
    }
  }

  #unlessFull<T>(operation: string, call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      if (isScarcity(error)) return undefined;
      throw failed(operation, error);
    }
  }

  #path(segment: number): string {
    return join(this.#start.logFolder, segmentName(segment));
  }
}

function guarded<T>(operation: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failed(operation, error);
  }
}

function failed(operation: string, error: unknown): Error {
  return storageError("WE_LOG_FAILED", { cause: errnoOf(error), operation });
}

/**
 * Side records of a run: facts that never enter the world (machine, versions, starts and stops, fingerprints), one
 * JSON line
 * each, chained by hash so that a line cannot be changed or taken out unseen. A torn last line is completed
 * by nobody: it is cut when the file is next opened.
 */

import { dirname } from "node:path";
import { decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { Hasher, Json } from "@wasm-engine/core";
import { storageError } from "./errors.js";
import { writeAll, type FileSystem } from "./file-system.js";
import { sideBytesMax } from "./limits.js";
import { writeError } from "./write-error.js";

export interface SideRecord {
  readonly n: number;
  readonly kind: string;
  readonly data: Json;
  /** Hash of the line before; 64 zeros for the first. */
  readonly prev: string;
  /** SHA-256 over the JSON text of [n, kind, data, prev]. */
  readonly hash: string;
}

const firstPrevious = "0".repeat(64);
const newline = 10;

export class SideRecords {
  readonly #system: FileSystem;
  readonly #hasher: Hasher;
  readonly #path: string;
  #file: number | undefined;
  /** The file may be new: its name is not on the disk before its folder is synced. */
  #isNameDirty = true;
  #length: number;
  #next: number;
  #previous: string;

  /** Checks what is there and cuts a torn last line. @throws {WE_RUN_FILE_DAMAGED} */
  constructor(system: FileSystem, hasher: Hasher, path: string) {
    this.#system = system;
    this.#hasher = hasher;
    this.#path = path;
    const { records, bytes } = readSideRecords(system, hasher, path);
    this.#length = bytes;
    this.#next = records.length;
    this.#previous = records.at(-1)?.hash ?? firstPrevious;
    this.#file = this.#guarded(() => system.open(path));
    const file = this.#file;
    this.#guarded(() => {
      system.truncate(file, bytes);
    });
  }

  /** Returns when the record is on the disk. @throws {WE_RUN_UNWRITABLE} {WE_DISK_FULL} may be repeated */
  append(kind: string, data: Json): void {
    const file = this.#file;
    if (file === undefined) throw storageError("WE_LOG_CLOSED", { what: "side record" });
    const body = [this.#next, kind, data, this.#previous] as const;
    const hash = hashOf(this.#hasher, body);
    const line = { n: this.#next, kind, data, prev: this.#previous, hash };
    this.#guarded(() => {
      this.#length = writeAll(this.#system, file, [encodeUtf8(`${JSON.stringify(line)}\n`)], this.#length);
      this.#system.sync(file);
      if (this.#isNameDirty) this.#system.syncFolder(dirname(this.#path));
    });
    this.#isNameDirty = false;
    this.#next += 1;
    this.#previous = hash;
  }

  close(): void {
    if (this.#file !== undefined) this.#system.close(this.#file);
    this.#file = undefined;
  }

  #guarded<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw writeError(this.#path, error);
    }
  }
}

/** The whole records and the bytes they take. @throws {WE_RUN_FILE_DAMAGED} */
export function readSideRecords(
  system: FileSystem,
  hasher: Hasher,
  path: string,
): { readonly records: readonly SideRecord[]; readonly bytes: number } {
  const all = system.read(path, sideBytesMax) ?? new Uint8Array();
  const bytes = all.lastIndexOf(newline) + 1;
  const text = decodeUtf8(all.subarray(0, bytes));
  if (text === undefined) throw damaged(path, "it is not UTF-8");
  const records: SideRecord[] = [];
  let previous = firstPrevious;
  for (const line of text.split("\n").slice(0, -1)) {
    const record = parseLine(line);
    const { n, kind, data, prev, hash } = record ?? damagedLine(path, records.length);
    if (n !== records.length || prev !== previous || hash !== hashOf(hasher, [n, kind, data, prev])) {
      damagedLine(path, records.length);
    }
    records.push({ n, kind, data, prev, hash });
    previous = hash;
  }
  return { records, bytes };
}

function parseLine(line: string): SideRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    return value as SideRecord; // its hash is checked next, and no other program writes lines that fit
  } catch {
    return undefined;
  }
}

function hashOf(hasher: Hasher, body: readonly [number, string, Json, string]): string {
  const digest = hasher.sha256(encodeUtf8(JSON.stringify(body)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function damagedLine(path: string, index: number): never {
  throw damaged(path, `line ${index + 1} does not follow from the line before it`);
}

function damaged(path: string, reason: string): Error {
  return storageError("WE_RUN_FILE_DAMAGED", { path, reason });
}

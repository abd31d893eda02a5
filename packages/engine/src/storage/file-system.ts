/**
 * The few file system calls that storage makes, behind a seam: the real ones, and in tests a disk that crashes,
 * tears and
 * drops. Synchronous; errors are those of Node with their `code`.
 */

import * as fs from "node:fs";
import { join } from "node:path";
import { storageError } from "./errors.js";
import { writeAttemptsMax } from "./limits.js";
import { makeFolders } from "./make-folders.js";
import { syncFolder } from "./sync-folder.js";

export interface FileSystem {
  /** Opens for reading and writing; creates the file where it is absent. */
  open(path: string): number;
  /** Bytes written, which may be fewer than given. */
  write(file: number, bytes: Uint8Array, position: number): number;
  /** Returns when the file's bytes and length are on the disk. */
  sync(file: number): void;
  close(file: number): void;
  truncate(file: number, length: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Creates a folder; no error where it exists. Those above it that were missing are on the disk then. */
  makeFolder(path: string): void;
  /** Names in a folder, sorted; undefined where there is no folder. */
  list(path: string): readonly string[] | undefined;
  /**
   * Contents, or undefined where nothing is there. What is no file, or longer than `bytesMax`, is not begun to be read.
   * @throws {WE_RUN_FILE_DAMAGED}
   */
  read(path: string, bytesMax?: number): Uint8Array | undefined;
  /**
   * At most `length` bytes from `position` on, fewer at the end of the file; undefined where nothing is there.
   * @throws {WE_RUN_FILE_DAMAGED} where it is no file
   */
  readPart(path: string, position: number, length: number): Uint8Array | undefined;
  /** Bytes in a file, or undefined where there is none. */
  length(path: string): number | undefined;
  /** Returns when created, renamed and removed names are on the disk. */
  syncFolder(path: string): void;
}

/** Opening a pipe does not wait for its other end. Windows has neither. */
const nonBlocking = process.platform === "win32" ? 0 : fs.constants.O_NONBLOCK;

export const nodeFileSystem: FileSystem = {
  open: (path) => openFile(path, fs.constants.O_RDWR | fs.constants.O_CREAT).file,
  write: (file, bytes, position) => fs.writeSync(file, bytes, 0, bytes.length, position),
  sync: (file) => {
    fs.fdatasyncSync(file);
  },
  close: (file) => {
    fs.closeSync(file);
  },
  truncate: (file, length) => {
    fs.ftruncateSync(file, length);
  },
  rename: (from, to) => {
    fs.renameSync(from, to);
  },
  remove: (path) => {
    fs.rmSync(path, { force: true });
  },
  makeFolder: (path) => {
    makeFolders(path);
  },
  list: (path) => orAbsent(() => fs.readdirSync(path).sort()),
  read: (path, bytesMax) => orAbsent(() => readWhole(path, bytesMax)),
  readPart: (path, position, length) => orAbsent(() => readPart(path, position, length)),
  length: (path) => orAbsent(() => fs.statSync(path).size),
  syncFolder,
};

/** Opens an ordinary file. Pipes and devices are refused: opening or reading one may never end. */
function openFile(path: string, flags: number): { readonly file: number; readonly bytes: number } {
  const file = fs.openSync(path, flags | nonBlocking, 0o644);
  const stats = fs.fstatSync(file);
  if (stats.isFile()) return { file, bytes: stats.size };
  fs.closeSync(file);
  throw storageError("WE_RUN_FILE_DAMAGED", {
    path,
    reason: "it is a folder, a pipe or a device, not a file",
  });
}

/** readFile has a lower limit on the size of files than buffers have. */
function readWhole(path: string, bytesMax = Infinity): Uint8Array {
  const { file, bytes: size } = openFile(path, fs.constants.O_RDONLY);
  try {
    if (size > bytesMax) {
      const reason = `it has ${size} bytes, and such a file has at most ${bytesMax}`;
      throw storageError("WE_RUN_FILE_DAMAGED", { path, reason });
    }
    const bytes = new Uint8Array(size);
    let length = 0;
    while (length < bytes.length) {
      const count = fs.readSync(file, bytes, length, Math.min(bytes.length - length, 1 << 30), length);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    fs.closeSync(file);
  }
}

function readPart(path: string, position: number, wanted: number): Uint8Array {
  const { file, bytes: size } = openFile(path, fs.constants.O_RDONLY);
  try {
    const bytes = new Uint8Array(Math.max(0, Math.min(wanted, size - position)));
    let length = 0;
    while (length < bytes.length) {
      const count = fs.readSync(file, bytes, length, bytes.length - length, position + length);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    fs.closeSync(file);
  }
}

function orAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The errno name of a file system error, or its text. */
export function errnoOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}

const scarceCodes: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EMFILE", "ENFILE"]);

/** True for errors that pass when somebody frees space, quota or descriptors. */
export function isScarcity(error: unknown): boolean {
  return scarceCodes.has(errnoOf(error));
}

/** Writes all of `parts` one after the other from `position` on. */
export function writeAll(
  system: FileSystem,
  file: number,
  parts: readonly Uint8Array[],
  position = 0,
): number {
  let offset = position;
  for (const part of parts) {
    for (let written = 0; written < part.length;) {
      const count = writeSome(system, file, part.subarray(written), offset);
      written += count;
      offset += count;
    }
  }
  return offset;
}

/** One write; interrupted calls are repeated. */
export function writeSome(system: FileSystem, file: number, bytes: Uint8Array, position: number): number {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return system.write(file, bytes, position);
    } catch (error) {
      const code = errnoOf(error);
      if ((code !== "EINTR" && code !== "EAGAIN") || attempt >= writeAttemptsMax) throw error;
    }
  }
}

/** Replaces a file whole or not at all: temporary file, sync, rename, sync of the folder. */
export function replaceFile(
  system: FileSystem,
  folder: string,
  name: string,
  parts: readonly Uint8Array[],
): void {
  const temporary = join(folder, `${name}.tmp`);
  system.remove(temporary);
  const file = system.open(temporary);
  try {
    writeAll(system, file, parts);
    system.sync(file);
  } finally {
    system.close(file);
  }
  system.rename(temporary, join(folder, name));
  system.syncFolder(folder);
}

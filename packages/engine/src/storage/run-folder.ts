/**
 * Layout of a run folder, and the files in it that belong to no other part:
 *
 *   RUN/run.json         what the run is, for people and tools; replaced whole
 *   RUN/lock             process that has the run open
 *   RUN/log/N.seg        segments of the event log
 *   RUN/synced           synced mark of the log
 *   RUN/side.jsonl       side records
 *   RUN/snapshots/       snapshots
 *   RUN/pages/           memory pages that snapshots share
 *   RUN/modules/         modules by digest
 *   RUN/index/           index of a follower; disposable
 */

import { join } from "node:path";
import { decodeUtf8, encodeUtf8, type ModuleDigest } from "@wasm-engine/abi";
import type { Hasher, Json } from "@wasm-engine/core";
import { storageError } from "./errors.js";
import type { LogPlace } from "./event-log-reader.js";
import { errnoOf, nodeFileSystem, replaceFile, type FileSystem } from "./file-system.js";
import { runInfoBytesMax, storedModuleBytesMax } from "./limits.js";
import { RunLock } from "./run-lock.js";
import { SideRecords, readSideRecords, type SideRecord } from "./side-records.js";
import { SnapshotStore } from "./snapshot-store.js";
import { writeError } from "./write-error.js";

const infoName = "run.json";
/** Member of run.json: hex SHA-256 over the JSON text of the others, without white space. */
const checkName = "check";

function isCheck(value: Json): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function parsedInfo(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "") as Json; // JSON.parse yields nothing else
  } catch {
    return undefined;
  }
}

export class RunFolder {
  readonly path: string;
  readonly system: FileSystem;
  readonly #hasher: Hasher;

  private constructor(path: string, hasher: Hasher, system: FileSystem) {
    this.path = path;
    this.#hasher = hasher;
    this.system = system;
  }

  /** A new run. `info` becomes run.json. @throws {WE_RUN_EXISTS} @throws {WE_RUN_UNWRITABLE} */
  static create(path: string, info: Json, hasher: Hasher, system: FileSystem = nodeFileSystem): RunFolder {
    const folder = new RunFolder(path, hasher, system);
    folder.#guarded(path, () => {
      if ((system.list(path) ?? []).length > 0) throw storageError("WE_RUN_EXISTS", { path });
      for (const name of ["", "log", "snapshots", "modules"]) system.makeFolder(join(path, name));
      folder.writeInfo(info);
      system.syncFolder(join(path, ".."));
    });
    return folder;
  }

  /** An existing run. Changes nothing. @throws {WE_RUN_NOT_FOUND} */
  static open(path: string, hasher: Hasher, system: FileSystem = nodeFileSystem): RunFolder {
    const folder = new RunFolder(path, hasher, system);
    if (folder.#read(infoName, runInfoBytesMax) === undefined)
      throw storageError("WE_RUN_NOT_FOUND", { path });
    return folder;
  }

  /** Where the log is; for `createEventLog`, `openEventLog`, `recoverLog`. */
  get log(): LogPlace {
    return {
      system: this.system,
      hasher: this.#hasher,
      runFolder: this.path,
      logFolder: join(this.path, "log"),
      markPath: join(this.path, "synced"),
    };
  }

  get snapshots(): SnapshotStore {
    return new SnapshotStore(this.system, this.#hasher, this.path);
  }

  get lockPath(): string {
    return join(this.path, "lock");
  }

  get sidePath(): string {
    return join(this.path, "side.jsonl");
  }

  /** Keeps other writers out until it is released. @throws {WE_RUN_LOCKED} */
  lock(): RunLock {
    return RunLock.acquire(this.lockPath);
  }

  /** Removes what interrupted writes left; the folder must be locked. @throws {WE_RUN_UNWRITABLE} */
  removeInterrupted(): void {
    for (const below of ["", "log", "modules", "pages", "snapshots"]) {
      const folder = join(this.path, below);
      this.#guarded(folder, () => {
        const names = (this.system.list(folder) ?? []).filter((name) => name.endsWith(".tmp"));
        for (const name of names) this.system.remove(join(folder, name));
      });
    }
  }

  /** Side records for appending. @throws {WE_RUN_FILE_DAMAGED} */
  openSideRecords(): SideRecords {
    return new SideRecords(this.system, this.#hasher, this.sidePath);
  }

  /** @throws {WE_RUN_FILE_DAMAGED} */
  sideRecords(): readonly SideRecord[] {
    return readSideRecords(this.system, this.#hasher, this.sidePath).records;
  }

  /** Replaces run.json, a map; its last member is a check over the others. @throws {WE_RUN_UNWRITABLE} */
  writeInfo(info: Json): void {
    const checked = { ...(info as { readonly [name: string]: Json }), [checkName]: this.#checkOf(info) }; // a map
    this.#replace(this.path, infoName, encodeUtf8(`${JSON.stringify(checked, undefined, 2)}\n`));
  }

  /** @throws {WE_RUN_NOT_FOUND} @throws {WE_RUN_FILE_DAMAGED} */
  readInfo(): Json {
    const bytes = this.#read(infoName, runInfoBytesMax);
    if (bytes === undefined) throw storageError("WE_RUN_NOT_FOUND", { path: this.path });
    const info = parsedInfo(bytes);
    if (info === undefined) throw this.#damagedInfo("it is not JSON");
    if (typeof info !== "object" || info === null || Array.isArray(info)) return info;
    const { [checkName]: check, ...rest } = info as { readonly [name: string]: Json }; // a map
    // Made by an earlier release, unless what is missing is only the name.
    if (check === undefined && !Object.values(rest).some(isCheck)) return rest;
    if (check !== this.#checkOf(rest)) throw this.#damagedInfo("its check does not fit the rest");
    return rest;
  }

  #checkOf(info: Json): string {
    return Buffer.from(this.#hasher.sha256(encodeUtf8(JSON.stringify(info)))).toString("hex");
  }

  #damagedInfo(reason: string): Error {
    return storageError("WE_RUN_FILE_DAMAGED", { path: join(this.path, infoName), reason });
  }

  /** Stores a module under its digest; what is there already stays. @throws {WE_RUN_UNWRITABLE} */
  writeModule(digest: ModuleDigest, bytes: Uint8Array): void {
    const name = `${digest}.wasm`;
    if (this.#read(join("modules", name)) !== undefined) return;
    this.#replace(join(this.path, "modules"), name, bytes);
  }

  /** Bytes of a stored module; whether they still have the digest is for the caller to check. */
  readModule(digest: ModuleDigest): Uint8Array | undefined {
    return this.#read(join("modules", `${digest}.wasm`), storedModuleBytesMax);
  }

  #read(name: string, bytesMax?: number): Uint8Array | undefined {
    const path = join(this.path, name);
    return this.#guarded(path, () => this.system.read(path, bytesMax));
  }

  #replace(folder: string, name: string, bytes: Uint8Array): void {
    this.#guarded(join(folder, name), () => {
      replaceFile(this.system, folder, name, [bytes]);
    });
  }

  #guarded<T>(path: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (errnoOf(error).startsWith("WE_")) throw error;
      throw writeError(path, error);
    }
  }
}

/**
 * Packs of pages of one run, `RUN/pages/DIGEST.pack`: written whole, never changed, removed where no snapshot names
 * them any more.
 */

import { join } from "node:path";
import { decodePack, encodePack, readPackDigests } from "@wasm-engine/core";
import type { Hasher, PackPorts, PagePack } from "@wasm-engine/core";
import { hexOfBytes } from "../crypto/node-crypto.js";
import { nodeCompression } from "./block-compression.js";
import { replaceFile, type FileSystem } from "./file-system.js";
import { writeError } from "./write-error.js";

/** Gives the file at `from` the further name `to`. */
export type ShareFile = (from: string, to: string) => void;

const namePattern = /^([0-9a-f]{64})\.pack$/;

export class PageStore {
  readonly #system: FileSystem;
  readonly #folder: string;
  readonly #hasher: Hasher;
  readonly #ports: PackPorts;
  readonly #lengths = new Map<string, number>();

  constructor(system: FileSystem, hasher: Hasher, folder: string) {
    this.#system = system;
    this.#folder = folder;
    this.#hasher = hasher;
    this.#ports = { hasher, compression: nodeCompression };
  }

  /** Digests of the packs that are there, as hex. */
  names(): readonly string[] {
    const names = this.#system.list(this.#folder) ?? [];
    return names.flatMap((name) => namePattern.exec(name)?.[1] ?? []);
  }

  /** Gives packs to the store of another run; those that it has stay. @throws {WE_RUN_UNWRITABLE} */
  give(names: readonly string[], to: PageStore, share: ShareFile): void {
    try {
      to.#system.makeFolder(to.#folder);
      to.#system.syncFolder(join(to.#folder, ".."));
      const present = new Set(to.names());
      for (const name of names) if (!present.has(name)) share(this.#pathOf(name), to.#pathOf(name));
      to.#system.syncFolder(to.#folder);
    } catch (error) {
      throw writeError(to.#folder, error);
    }
  }

  /** Bytes of all packs. */
  bytes(): number {
    let bytes = 0;
    for (const name of this.names()) {
      // Packs are never changed.
      const length = this.#lengths.get(name) ?? this.#system.length(this.#pathOf(name)) ?? 0;
      this.#lengths.set(name, length);
      bytes += length;
    }
    return bytes;
  }

  /** Name of the pack, once it is on the disk. @throws {WE_RUN_UNWRITABLE} */
  write(pack: Omit<PagePack, "digest">): string {
    const { parts, digest } = encodePack(this.#ports, pack);
    const name = hexOfBytes(digest);
    try {
      this.#system.makeFolder(this.#folder);
      // The folder's own name must be on the disk before a snapshot counts on what is in it.
      this.#system.syncFolder(join(this.#folder, ".."));
      replaceFile(this.#system, this.#folder, `${name}.pack`, parts);
    } catch (error) {
      throw writeError(this.#pathOf(name), error);
    }
    return name;
  }

  /** The pack, or undefined where there is no such file. @throws {WE_SNAPSHOT_DAMAGED} */
  read(name: string): PagePack | undefined {
    const bytes = this.#system.read(this.#pathOf(name));
    return bytes === undefined ? undefined : decodePack(this.#ports, bytes, Buffer.from(name, "hex"));
  }

  /** Digests of the pages of a pack, or undefined where there is no such file. @throws {WE_SNAPSHOT_DAMAGED} */
  digestsOf(name: string): Uint8Array | undefined {
    const bytes = this.#system.read(this.#pathOf(name));
    return bytes === undefined ? undefined : readPackDigests(this.#hasher, bytes, Buffer.from(name, "hex"));
  }

  /** The file of a pack as it is. */
  bytesOf(name: string): Uint8Array | undefined {
    return this.#system.read(this.#pathOf(name));
  }

  /** Removes every pack that is not among `kept`, and what interrupted writes left. Returns the names of the packs. */
  removeAllBut(kept: ReadonlySet<string>): readonly string[] {
    const removed: string[] = [];
    for (const file of this.#system.list(this.#folder) ?? []) {
      const name = namePattern.exec(file)?.[1];
      const isLeft = name === undefined && /\.pack\.tmp$/.test(file);
      if (!isLeft && (name === undefined || kept.has(name))) continue;
      this.#system.remove(join(this.#folder, file));
      if (name !== undefined) removed.push(name);
    }
    if (removed.length > 0) this.#system.syncFolder(this.#folder);
    return removed;
  }

  #pathOf(name: string): string {
    return join(this.#folder, `${name}.pack`);
  }
}

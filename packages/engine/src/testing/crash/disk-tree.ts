/**
 * A disk in memory with folders: what programs see, what is on the disk, and what lies between. A file's bytes come
 * onto the disk with a sync of the file, a name with a sync of its folder; a power cut keeps any part of the rest. A
 * new folder is a name like any other: until the folder above is synced, all that is in it may go.
 */

import { overwritten, surviving, syncBytes } from "../fault-file-system.js";
import type { DiskFile, Random } from "../fault-file-system.js";

export type TreeCall =
  "create" | "write" | "sync" | "truncate" | "rename" | "link" | "remove" | "makeFolder" | "syncFolder";

export interface TreeFile extends DiskFile {
  readonly kind: "file";
}

export interface TreeFolder {
  readonly kind: "folder";
  readonly seen: Map<string, TreeNode>;
  readonly durable: Map<string, TreeNode>;
  /** Names that change together: a rename takes one away and puts one. */
  pending: (readonly { readonly name: string; readonly node: TreeNode | undefined }[])[];
}

export type TreeNode = TreeFile | TreeFolder;

export class DiskTree {
  #root: TreeFolder = newFolder();
  #isCut = false;
  /** Calls that change something, so far. */
  calls = 0;
  syncs = 0;
  /** The power goes off during this call, counted from 1. */
  cutAt: number | undefined;
  /** Called before every changing call; an errno makes it fail. */
  fault: ((call: TreeCall) => string | undefined) | undefined;
  /** Largest number of bytes that one write takes. */
  writeBytesMax = Infinity;
  /** Called during every changing call, where a power cut would strike. */
  onCall: (() => void) | undefined;

  get isCut(): boolean {
    return this.#isCut;
  }

  /** What stands at a path; `/` is the root. */
  find(path: string): TreeNode | undefined {
    let node: TreeNode | undefined = this.#root;
    for (const name of namesOf(path)) {
      if (node?.kind !== "folder") return undefined;
      node = node.seen.get(name);
    }
    return node;
  }

  /** @throws ENOENT, EEXIST, EISDIR as a system does */
  openFile(path: string, { create, exclusive }: { create: boolean; exclusive: boolean }): TreeFile {
    const found = this.find(path);
    if (found?.kind === "folder") throw errno("EISDIR");
    if (found !== undefined && exclusive) throw errno("EEXIST");
    if (found !== undefined) return found;
    if (!create) throw errno("ENOENT");
    const [folder, name] = this.#placeOf(path);
    this.#count("create");
    const file: TreeFile = { kind: "file", seen: new Uint8Array(), durable: new Uint8Array(), pending: [] };
    change(folder, [{ name, node: file }]);
    return file;
  }

  write(file: TreeFile, bytes: Uint8Array, position: number): number {
    const taken = bytes.slice(0, Math.min(bytes.length, this.writeBytesMax));
    const before = { seen: file.seen, pending: file.pending };
    // During the call some of it may be on the disk already.
    file.seen = overwritten(file.seen, taken, position);
    file.pending = [...file.pending, { position, bytes: taken }];
    try {
      this.#count("write");
    } catch (error) {
      if (!this.#isCut) Object.assign(file, before);
      throw error;
    }
    return taken.length;
  }

  sync(file: TreeFile): void {
    this.syncs += 1;
    syncBytes(file, () => this.#count("sync"));
  }

  truncate(file: TreeFile, length: number): void {
    this.#count("truncate");
    file.seen = file.seen.slice(0, length);
    file.pending = file.pending.filter(({ position }) => position < length);
  }

  rename(from: string, to: string): void {
    const [folder, name] = this.#placeOf(from);
    const [other, newName] = this.#placeOf(to);
    const node = folder.seen.get(name);
    if (node === undefined) throw errno("ENOENT");
    // Names that two folders share a change of are more than this disk can lose.
    if (folder !== other) throw errno("EXDEV");
    const there = folder.seen.get(newName);
    if (there?.kind === "folder" && there.seen.size > 0) throw errno("ENOTEMPTY");
    this.#count("rename");
    change(folder, [
      { name, node: undefined },
      { name: newName, node },
    ]);
  }

  link(from: string, to: string): void {
    const node = this.find(from);
    if (node?.kind !== "file") throw errno("ENOENT");
    const [folder, name] = this.#placeOf(to);
    if (folder.seen.has(name)) throw errno("EEXIST");
    this.#count("link");
    change(folder, [{ name, node }]);
  }

  /** One file or one empty folder. */
  remove(path: string): void {
    const [folder, name] = this.#placeOf(path);
    const node = folder.seen.get(name);
    if (node === undefined) throw errno("ENOENT");
    if (node.kind === "folder" && node.seen.size > 0) throw errno("ENOTEMPTY");
    this.#count("remove");
    change(folder, [{ name, node: undefined }]);
  }

  makeFolder(path: string): void {
    const [folder, name] = this.#placeOf(path);
    if (folder.seen.has(name)) throw errno("EEXIST");
    this.#count("makeFolder");
    change(folder, [{ name, node: newFolder() }]);
  }

  syncFolder(folder: TreeFolder): void {
    this.syncs += 1;
    this.#count("syncFolder");
    for (const entries of folder.pending.splice(0)) apply(folder.durable, entries);
  }

  /** This disk as it is now, with what is pending; for {@link afterCut} on every call of one life. */
  copy(): DiskTree {
    const copies = new Map<TreeNode, TreeNode>();
    const copied = (node: TreeNode): TreeNode => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      if (node.kind === "file") {
        // Bytes and lists of writes are replaced and never changed: they are shared.
        const file = { ...node };
        copies.set(node, file);
        return file;
      }
      const folder = newFolder();
      copies.set(node, folder);
      for (const [name, inside] of node.seen) folder.seen.set(name, copied(inside));
      for (const [name, inside] of node.durable) folder.durable.set(name, copied(inside));
      folder.pending = node.pending.map((entries) =>
        entries.map(({ name, node: inside }) => ({ name, node: inside && copied(inside) })),
      );
      return folder;
    };
    const copy = new DiskTree();
    copy.#root = copied(this.#root) as TreeFolder; // the copy of a folder
    return copy;
  }

  /** The disk after a power cut: synced bytes and names, and any part of the rest. */
  afterCut(random: Random): DiskTree {
    const survivors = new Map<TreeNode, TreeNode>();
    const survivor = (node: TreeNode): TreeNode => {
      const known = survivors.get(node);
      if (known !== undefined) return known;
      if (node.kind === "file") {
        const file: TreeFile = { kind: "file", ...surviving(node, random) };
        survivors.set(node, file);
        return file;
      }
      const folder = newFolder();
      survivors.set(node, folder);
      const names = new Map(node.durable);
      for (const entries of node.pending) if (random() < 0.5) apply(names, entries);
      for (const [name, inside] of names) {
        folder.seen.set(name, survivor(inside));
        folder.durable.set(name, survivor(inside));
      }
      return folder;
    };
    const after = new DiskTree();
    after.#root = survivor(this.#root) as TreeFolder; // what is left of a folder
    return after;
  }

  /** Changes a file behind everybody's back, on the disk too. */
  replace(file: TreeFile, bytes: Uint8Array): void {
    Object.assign(file, { seen: bytes, durable: bytes, pending: [] });
  }

  /** Paths of all files, sorted. */
  files(): readonly string[] {
    const below = (folder: TreeFolder, path: string): readonly string[] =>
      [...folder.seen].flatMap(([name, node]) =>
        node.kind === "file" ? [`${path}/${name}`] : below(node, `${path}/${name}`),
      );
    return [...below(this.#root, "")].sort();
  }

  #placeOf(path: string): [TreeFolder, string] {
    const names = namesOf(path);
    const name = names.pop();
    const folder = this.find(names.join("/"));
    if (folder === undefined || name === undefined) throw errno("ENOENT");
    if (folder.kind !== "folder") throw errno("ENOTDIR");
    return [folder, name];
  }

  #count(call: TreeCall): void {
    if (this.#isCut) throw errno("EPOWER");
    this.calls += 1;
    this.onCall?.();
    if (this.calls === this.cutAt) {
      this.#isCut = true;
      throw errno("EPOWER");
    }
    const code = this.fault?.(call);
    if (code !== undefined) throw errno(code);
  }
}

function newFolder(): TreeFolder {
  return { kind: "folder", seen: new Map(), durable: new Map(), pending: [] };
}

function change(folder: TreeFolder, entries: TreeFolder["pending"][number]): void {
  apply(folder.seen, entries);
  folder.pending.push(entries);
}

function apply(names: Map<string, TreeNode>, entries: TreeFolder["pending"][number]): void {
  for (const { name, node } of entries) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

/** An error as node:fs throws it. */
export function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Puts a disk in memory beneath node:fs: what the engine does below {@link mountPath} happens there, with the calls
 * that it makes on any machine. So whole operations are tried without a port for each of them. For test processes only.
 */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { errno } from "./disk-tree.js";
import type { DiskTree, TreeFile, TreeFolder, TreeNode } from "./disk-tree.js";

/** Root of the disk, a name that no machine has. */
export const mountPath = "/wasm-engine-disk";

interface OpenFile {
  readonly node: TreeNode;
  /** Where a write without a position goes. */
  position: number;
}

/** Numbers of open files that no system gives. */
const firstHandle = 1 << 28;
const open = new Map<number, OpenFile>();
let nextHandle = firstHandle;
let disk: DiskTree | undefined;

/** Another disk takes the place; what was open stays open on its own. */
export function mount(tree: DiskTree): void {
  if (disk === undefined) patch();
  disk = tree;
}

function mounted(): DiskTree {
  if (disk === undefined) throw errno("ENODEV");
  return disk;
}

function isOurs(target: unknown): boolean {
  if (typeof target === "number") return target >= firstHandle;
  return typeof target === "string" && (target === mountPath || target.startsWith(`${mountPath}/`));
}

const calls = {
  openSync: (path: string, flags: string | number = "r") => handleOf(path, flagsOf(flags)),
  closeSync: (file: number) => void open.delete(file),
  readSync: (file: number, buffer: Uint8Array, ...rest: readonly unknown[]) => {
    const [offset = 0, length = buffer.length, position = 0] = rest as readonly (number | undefined)[]; // node:fs
    const part = fileOf(file).seen.subarray(position, position + length);
    buffer.set(part, offset);
    return part.length;
  },
  writeSync: (file: number, bytes: Uint8Array, offset = 0, length = bytes.length, position?: number) => {
    const opened = openedOf(file);
    const at = position ?? opened.position;
    const written = mounted().write(fileOf(file), bytes.subarray(offset, offset + length), at);
    opened.position = at + written;
    return written;
  },
  fsyncSync: (file: number) => syncNode(openedOf(file).node),
  fdatasyncSync: (file: number) => syncNode(openedOf(file).node),
  ftruncateSync: (file: number, length: number) => mounted().truncate(fileOf(file), length),
  fstatSync: (file: number) => statsOf(openedOf(file).node),
  statSync: (path: string, options?: { throwIfNoEntry?: boolean }) => {
    const node = mounted().find(below(path));
    if (node === undefined && options?.throwIfNoEntry !== false) throw errno("ENOENT");
    return node && statsOf(node);
  },
  lstatSync: (path: string) => statsOf(nodeAt(path)),
  existsSync: (path: string) => mounted().find(below(path)) !== undefined,
  readdirSync: (path: string, options?: { withFileTypes?: boolean }) => {
    const folder = nodeAt(path);
    if (folder.kind !== "folder") throw errno("ENOTDIR");
    const names = [...folder.seen].sort(([left], [right]) => (left < right ? -1 : 1));
    if (options?.withFileTypes !== true) return names.map(([name]) => name);
    return names.map(([name, node]) => ({ ...statsOf(node), name }));
  },
  readFileSync: (path: string, options?: unknown) => {
    const file = nodeAt(path);
    if (file.kind !== "file") throw errno("EISDIR");
    const bytes = Buffer.from(file.seen);
    return options === undefined ? bytes : bytes.toString();
  },
  writeFileSync: (path: string, data: string | Uint8Array, options?: { flag?: string; flush?: boolean }) => {
    const file = mounted().openFile(below(path), { create: true, exclusive: options?.flag === "wx" });
    if (file.seen.length > 0) mounted().truncate(file, 0);
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length;) at += mounted().write(file, bytes.subarray(at), at);
    if (options?.flush === true) mounted().sync(file);
  },
  renameSync: (from: string, to: string) => mounted().rename(below(from), below(to)),
  linkSync: (from: string, to: string) => mounted().link(below(from), below(to)),
  copyFileSync: (from: string, to: string) => {
    const file = nodeAt(from);
    if (file.kind !== "file") throw errno("EISDIR");
    calls.writeFileSync(to, file.seen, { flag: "wx" });
  },
  rmdirSync: (path: string) => mounted().remove(below(path)),
  rmSync: (path: string, options: { recursive?: boolean; force?: boolean } = {}) => {
    if (mounted().find(below(path)) === undefined && options.force === true) return;
    removeAll(below(path), options.recursive === true);
  },
  mkdirSync: (path: string, options?: { recursive?: boolean }) => {
    if (options?.recursive !== true) return mounted().makeFolder(below(path));
    const names = below(path).split("/");
    for (let count = 2; count <= names.length; count += 1) {
      const part = names.slice(0, count).join("/");
      if (mounted().find(part) === undefined) mounted().makeFolder(part);
    }
  },
} as const;

/** Every call goes to the disk in memory or on to the system, by its first argument. */
function patch(): void {
  const table = fs as unknown as Record<string, (...given: readonly unknown[]) => unknown>; // its functions, by name
  for (const [name, ours] of Object.entries(calls)) {
    const system = table[name];
    if (system === undefined) throw new Error(`node:fs has no ${name}`);
    const own = ours as (...given: readonly unknown[]) => unknown; // arguments are those of node:fs
    table[name] = (...given) => (isOurs(given[0]) ? own(...given) : system(...given));
  }
  syncBuiltinESMExports();
}

interface OpenFlags {
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly append: boolean;
  readonly clear: boolean;
}

function flagsOf(flags: string | number): OpenFlags {
  const { O_CREAT, O_EXCL, O_APPEND, O_TRUNC } = fs.constants;
  if (typeof flags === "number") {
    const has = (bit: number): boolean => (flags & bit) !== 0;
    return { create: has(O_CREAT), exclusive: has(O_EXCL), append: has(O_APPEND), clear: has(O_TRUNC) };
  }
  const create = /[wa]/.test(flags);
  return { create, exclusive: flags.includes("x"), append: flags.includes("a"), clear: flags.includes("w") };
}

function handleOf(path: string, { clear, append, ...flags }: OpenFlags): number {
  const tree = mounted();
  const found = tree.find(below(path));
  const node = found?.kind === "folder" && !flags.create ? found : tree.openFile(below(path), flags);
  if (node.kind === "file" && clear && node.seen.length > 0) tree.truncate(node, 0);
  nextHandle += 1;
  open.set(nextHandle, { node, position: append && node.kind === "file" ? node.seen.length : 0 });
  return nextHandle;
}

function openedOf(file: number): OpenFile {
  const opened = open.get(file);
  if (opened === undefined) throw errno("EBADF");
  return opened;
}

function fileOf(file: number): TreeFile {
  const { node } = openedOf(file);
  if (node.kind !== "file") throw errno("EISDIR");
  return node;
}

function nodeAt(path: string): TreeNode {
  const node = mounted().find(below(path));
  if (node === undefined) throw errno("ENOENT");
  return node;
}

function syncNode(node: TreeNode): void {
  if (node.kind === "file") mounted().sync(node);
  else mounted().syncFolder(node);
}

function removeAll(path: string, recursive: boolean): void {
  const node = mounted().find(path);
  if (node?.kind === "folder") {
    if (!recursive) throw errno("ERR_FS_EISDIR");
    for (const name of [...insideOf(node)]) removeAll(`${path}/${name}`, true);
  }
  mounted().remove(path);
}

function insideOf(folder: TreeFolder): Iterable<string> {
  return folder.seen.keys();
}

function below(path: string): string {
  return path.slice(mountPath.length);
}

/** What the engine asks of a file's properties. Nothing was touched for a long time. */
function statsOf(node: TreeNode): object {
  const isFile = node.kind === "file";
  return {
    isFile: () => isFile,
    isDirectory: () => !isFile,
    size: isFile ? node.seen.length : 0,
    mtimeMs: 0,
  };
}

/**
 * Tells when one of a set of files has another content than before. Folders are watched, not files, so that atomic
 * saves, deleted and created files are seen alike; signs of the operating system only say when to look, and what counts
 * is content. A regular look finds what gave no sign. Owns its watchers and timers; knows nothing of worlds.
 */

import { readFileSync, statSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { dirname, extname, join, sep } from "node:path";
import { sha256Hex } from "../crypto/node-crypto.js";
import { lookEveryMs, settleMs, settleMsMax, watchedFilesMax, watchedFoldersMax } from "./limits.js";

/** Kinds of files that may mend a build although nobody knows yet that it reads them. */
const sourceExtensions = new Set([
  ".ts",
  ".mts",
  ".js",
  ".mjs",
  ".json",
  ".c",
  ".h",
  ".wasm",
  ".yaml",
  ".yml",
  ".md",
  ".txt",
]);

interface Fingerprint {
  /** Size, time and identity: while they stay, the content is not read. */
  readonly stat: string;
  /** SHA-256 of the content; null where there is no file. */
  readonly sha256: string | null;
}

/** A content that no file has: the first look finds every file new. */
const missing: Fingerprint = { stat: "", sha256: null };

export class WatchedFiles {
  readonly #onChange: (paths: readonly string[]) => void;
  readonly #known = new Map<string, Fingerprint>();
  readonly #watchers = new Map<string, FSWatcher>();
  /** Files that gave a sign since the last look. */
  readonly #stirred = new Set<string>();
  /** Files that have changed and may still be changing, with what they were before. */
  readonly #pending = new Map<string, string | null>();
  /** Any source in a watched folder counts: the last build failed and may read what nobody knows of. */
  #isEager = false;
  #settle: NodeJS.Timeout | undefined;
  /** Of what is not told yet. */
  #firstSignMs: number | undefined;
  readonly #regular: NodeJS.Timeout;

  constructor(onChange: (paths: readonly string[]) => void) {
    this.#onChange = onChange;
    this.#regular = setInterval(() => this.#look(), lookEveryMs);
  }

  /**
   * From now on these files and no others. What is known of a file already stays, so that a save between its last look
   * and this call is still told. Installed packages are left out.
   */
  watch(paths: Iterable<string>, options: { readonly eager: boolean }): void {
    const wanted = [...new Set(paths)].filter((path) => !isInstalled(path)).slice(0, watchedFilesMax);
    const keep = new Set(wanted);
    for (const path of this.#known.keys()) if (!keep.has(path)) this.#known.delete(path);
    for (const path of wanted) if (!this.#known.has(path)) this.#known.set(path, fingerprint(path, missing));
    this.#isEager = options.eager;
    this.#arm();
  }

  /** Files that are watched. */
  get count(): number {
    return this.#known.size;
  }

  close(): void {
    clearInterval(this.#regular);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#known.clear();
  }

  /** Watches the folders of the files, as far as they exist. */
  #arm(): void {
    const folders = new Set([...this.#known.keys()].map((path) => dirname(path)));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.size >= watchedFoldersMax) return;
      if (!this.#watchers.has(folder)) this.#armFolder(folder);
    }
  }

  #armFolder(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => this.#sign(folder, name));
      const drop = (): void => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
      };
      // A folder that is removed, or no more watches to be had: the regular look finds the rest and arms it again.
      watcher.on("error", drop);
      this.#watchers.set(folder, watcher);
    } catch {
      return;
    }
  }

  #sign(folder: string, name: string | null): void {
    const path = name === null ? undefined : join(folder, name);
    const counts = path === undefined || this.#known.has(path) || (this.#isEager && isSource(path));
    if (!counts) return;
    if (path !== undefined) this.#stirred.add(path);
    this.#settleSoon();
  }

  /** Tells what differs once it stays as it is: many programs empty a file before they write it. */
  #look(): void {
    if (this.#settle !== undefined) return;
    let isMoving = false;
    for (const [path, known] of this.#known) {
      const now = fingerprint(path, known);
      this.#known.set(path, now);
      if (now.sha256 === known.sha256) continue;
      isMoving = true;
      if (!this.#pending.has(path)) this.#pending.set(path, known.sha256);
    }
    this.#arm();
    const isLate = performance.now() >= (this.#firstSignMs ?? Infinity) + settleMsMax;
    if (isMoving && !isLate) this.#settleSoon();
    else this.#tellPending();
  }

  #tellPending(): void {
    const changed = [...this.#pending]
      .filter(([path, before]) => this.#known.has(path) && this.#known.get(path)?.sha256 !== before)
      .map(([path]) => path);
    this.#pending.clear();
    this.#firstSignMs = undefined;
    if (this.#isEager)
      for (const path of this.#stirred) if (!this.#known.has(path) && isSource(path)) changed.push(path);
    this.#stirred.clear();
    if (changed.length > 0) this.#onChange(changed.sort());
  }

  #settleSoon(): void {
    const nowMs = performance.now();
    this.#firstSignMs ??= nowMs;
    clearTimeout(this.#settle);
    const waitMs = Math.max(1, Math.min(settleMs, this.#firstSignMs + settleMsMax - nowMs));
    this.#settle = setTimeout(() => {
      this.#settle = undefined;
      this.#look();
    }, waitMs);
  }
}

function isInstalled(path: string): boolean {
  return path.includes(`${sep}node_modules${sep}`);
}

function isSource(path: string): boolean {
  return sourceExtensions.has(extname(path));
}

/** The file as it is; where size, time and identity are those of `known`, it is not read again. */
function fingerprint(path: string, known: Fingerprint): Fingerprint {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
    const stat = `${size}:${mtimeNs}:${ctimeNs}:${ino}`;
    if (stat === known.stat) return known;
    return { stat, sha256: sha256Hex(readFileSync(path)) };
  } catch {
    // Missing, a folder or unreadable: no file.
    return missing;
  }
}

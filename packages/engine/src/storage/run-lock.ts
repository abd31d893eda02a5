/**
 * Lock of a run folder: the file names the process that has the run open, by id and start time, so that a recycled
 * process id is not taken for the owner. A lock of a dead process is removed by whoever comes next. Where no space is
 * left for a file the lock is a symbolic link to that name, which takes none: what frees space must get the lock.
 */

import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import * as fs from "node:fs";
import { storageError } from "./errors.js";
import { errnoOf, isScarcity } from "./file-system.js";
import { lockBytesMax } from "./limits.js";
import { isFile } from "./path-kind.js";
import { writeError } from "./write-error.js";

interface LockOwner {
  readonly pid: number;
  /** When the process started, in words of its platform; empty where unknown. */
  readonly started: string;
}

/** Attempts while other processes take and leave the lock. */
const attemptsMax = 16;

export class RunLock {
  readonly #path: string;
  readonly #content: string;
  #isHeld = true;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
  }

  /** Takes the lock. @throws {WE_RUN_LOCKED} {WE_RUN_UNWRITABLE} {WE_DISK_FULL} */
  static acquire(path: string): RunLock {
    const owner: LockOwner = { pid: process.pid, started: startOf(process.pid) ?? "" };
    // The nonce tells two openers within one process apart.
    const content = JSON.stringify({ ...owner, nonce: nextNonce() });
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (place(path, content)) return new RunLock(path, content);
      const found = readText(path);
      if (found === undefined) continue;
      const holder = parseOwner(found);
      if (holder !== undefined && isAlive(holder)) {
        throw storageError("WE_RUN_LOCKED", { path, pid: holder.pid });
      }
      removeStale(path, found);
    }
    throw storageError("WE_RUN_LOCKED", { path, pid: parseOwner(readText(path) ?? "")?.pid ?? 0 });
  }

  /** Gives the lock back. Idempotent. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (readText(this.#path) === this.#content) fs.rmSync(this.#path, { force: true });
  }
}

let nonces = 0;

function nextNonce(): number {
  nonces += 1;
  return nonces;
}

/** Process that holds the lock at `path`, if it is alive. */
export function lockHolder(path: string): number | undefined {
  const owner = parseOwner(readText(path) ?? "");
  return owner !== undefined && isAlive(owner) ? owner.pid : undefined;
}

/** Puts the file there with its content in one step; false where there already is one. */
function place(path: string, content: string): boolean {
  const temporary = `${path}.${process.pid}.${nextNonce()}`;
  try {
    fs.writeFileSync(temporary, content);
    fs.linkSync(temporary, path);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EEXIST") return false;
    if (code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP")
      return placeWithoutLinks(path, content);
    if (isScarcity(error)) return placeWithoutSpace(path, content, error);
    throw writeError(path, error);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** File systems without hard links: the content follows a moment after the file. */
function placeWithoutLinks(path: string, content: string): boolean {
  try {
    fs.writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw writeError(path, error);
  }
}

/** On a full disk: the target of a short link is kept where the link itself is. */
function placeWithoutSpace(path: string, content: string, shortage: unknown): boolean {
  try {
    fs.symlinkSync(content, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw writeError(path, shortage);
  }
}

/** Renaming is atomic, so of several that found the same stale lock only one removes it, and nobody a fresh one. */
function removeStale(path: string, found: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    fs.renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw writeError(path, error);
  }
  try {
    if (readText(aside) !== found) fs.linkSync(aside, path);
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function isAlive({ pid, started }: LockOwner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Without permission to signal it, the process is there and belongs to somebody else.
    if (errnoOf(error) !== "EPERM") return false;
  }
  if (isZombie(pid)) return false;
  const now = startOf(pid);
  return started === "" || now === undefined || now === started;
}

/**
 * Dead, but nobody has asked how it ended: in a container without an init process that lasts for ever. As long as one
 * of its threads is left, it may still write.
 */
function isZombie(pid: number): boolean {
  if (process.platform !== "linux") return false;
  const stat = readText(`/proc/${pid}/stat`);
  if (stat?.charAt(stat.lastIndexOf(")") + 2) !== "Z") return false;
  try {
    return fs.readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}

/** Start time of a process, or undefined where the platform does not tell. */
function startOf(pid: number): string | undefined {
  if (process.platform === "linux") {
    const stat = readText(`/proc/${pid}/stat`);
    // The name in parentheses may hold anything; the 22nd field counts from after it.
    return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  }
  if (process.platform === "win32") return undefined;
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    };
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], options).trim();
  } catch {
    return undefined;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value) || !("started" in value))
      return undefined;
    const { pid, started } = value;
    return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof started === "string"
      ? { pid: Number(pid), started }
      : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  // A pipe in its place would never be read to its end.
  if (!isFile(path, lockBytesMax)) return readTarget(path);
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** What {@link placeWithoutSpace} has put there. */
function readTarget(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch {
    return undefined;
  }
}

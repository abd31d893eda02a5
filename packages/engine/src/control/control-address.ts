/**
 * Where the control socket of a run is: RUN/control.sock, unless the path is too long for a socket, the folder
 * cannot be closed to others, or the platform has named pipes; RUN/control.path then holds the address.
 */

import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isFile } from "../storage/path-kind.js";
import { socketPathBytesMax } from "./limits.js";

const socketName = "control.sock";
const noteName = "control.path";
/** Name of the temporary folder of a socket; nothing else is ever removed. */
const folderPrefix = "wasm-engine-";

/** Where a server binds, and what it does once it listens. */
export interface ControlAddress {
  /** What the server binds. Node removes a file of this name when the server closes, whoever's it is by then. */
  readonly bound: string;
  /** Makes it reachable under the run's folder. Returns the address that clients use. */
  publish(): string;
  /** Removes what lies outside of the run's folder. */
  remove(): void;
}

/** What a client connects to: the address that the run's folder names, whether or not anybody listens there. */
export function addressOf(dir: string): string {
  return readNote(dir) ?? join(dir, socketName);
}

/**
 * A fresh address for the owner of the run's lock. What a crash left behind is removed.
 */
export function claimAddress(dir: string): ControlAddress {
  removeAddress(dir);
  if (process.platform === "win32") {
    const name = `\\\\.\\pipe\\wasm-engine-${randomUUID()}`;
    return { bound: name, publish: () => note(dir, name), remove: () => undefined };
  }
  const final = join(dir, socketName);
  const isShort = Buffer.byteLength(final) <= socketPathBytesMax;
  return isShort && isClosedToOthers(dir) ? addressWithin(dir, final) : temporaryAddress(dir);
}

/**
 * Bound under another name and then renamed: the socket appears whole, with its mode; and when the server closes, the
 * name that is removed is not one that the run's next process may have taken.
 */
function addressWithin(dir: string, final: string): ControlAddress {
  const bound = join(dir, `.c${process.pid}`);
  rmSync(bound, { force: true });
  return {
    bound,
    publish: () => {
      chmodSync(bound, 0o600);
      renameSync(bound, final);
      return final;
    },
    remove: () => undefined,
  };
}

/** mkdtemp makes folders that only the owner may enter. */
function temporaryAddress(dir: string): ControlAddress {
  const room = socketPathBytesMax - folderPrefix.length - socketName.length - 8;
  const base = Buffer.byteLength(tmpdir()) <= room ? tmpdir() : "/tmp";
  const folder = mkdtempSync(join(base, folderPrefix));
  const bound = join(folder, socketName);
  return {
    bound,
    publish: () => {
      chmodSync(bound, 0o600);
      return note(dir, bound);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Removes the address of a run: before its lock is given back, and of a process that died. */
export function removeAddress(dir: string): void {
  const noted = readNote(dir);
  for (const name of [noteName, socketName]) rmSync(join(dir, name), { force: true });
  if (noted === undefined || process.platform === "win32") return;
  const folder = dirname(noted);
  const isOurs = noted === join(folder, socketName) && folder.split("/").at(-1)?.startsWith(folderPrefix);
  if (isOurs === true) rmSync(folder, { recursive: true, force: true });
}

/** A run holds what agents were told and answered: from the first time it runs, its folder is its owner's. */
function isClosedToOthers(dir: string): boolean {
  try {
    const { mode } = statSync(dir);
    if ((mode & 0o077) !== 0) chmodSync(dir, mode & 0o700);
    return (statSync(dir).mode & 0o077) === 0;
  } catch {
    return false;
  }
}

function note(dir: string, address: string): string {
  const path = join(dir, noteName);
  writeFileSync(`${path}.new`, `${address}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return address;
}

function readNote(dir: string): string | undefined {
  const path = join(dir, noteName);
  // A pipe in its place would never be read to its end.
  if (!isFile(path)) return undefined;
  try {
    const text = readFileSync(path, "utf8").trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * Where the index of a run is kept: beside it, where it may be written and nobody else writes it; else in a folder of
 * its own that goes with the follower. Another process that asks at the same time must not wait.
 */

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { storageError } from "../storage/errors.js";
import { RunLock } from "../storage/index.js";
import { makeFolders } from "../storage/make-folders.js";

export interface IndexPlace {
  readonly path: string;
  readonly release: () => void;
}

const fileName = "events";

/** The file of the index of the run in `dir`. */
export function indexPlace(dir: string): IndexPlace {
  const folder = join(dir, "index");
  try {
    makeFolders(folder);
    // Links may lead to a file of somebody else: a run folder can come from anywhere.
    if (!fs.lstatSync(folder).isDirectory()) return temporaryPlace();
    const lock = RunLock.acquire(join(folder, "lock"));
    const path = join(folder, fileName);
    try {
      fs.closeSync(openIndexFile(path));
      return { path, release: () => lock.release() };
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    const isTaken = EngineError.is(error) && ["WE_RUN_LOCKED", "WE_RUN_UNWRITABLE"].includes(error.code);
    // Whatever stands there or is forbidden there: the index may be anywhere.
    if (!isTaken && !(error instanceof Error && "errno" in error)) throw error;
    return temporaryPlace();
  }
}

/** Opens the file of an index, or makes it. Never through a link. @throws {WE_RUN_UNWRITABLE} and Node's own */
export function openIndexFile(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW = 0 } = fs.constants;
  const file = fs.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
  if (fs.fstatSync(file).isFile()) return file;
  fs.closeSync(file);
  throw storageError("WE_RUN_UNWRITABLE", { path, cause: "it is a pipe or a device, not a file" });
}

function temporaryPlace(): IndexPlace {
  const temporary = fs.mkdtempSync(join(tmpdir(), "wasm-engine-index-"));
  return {
    path: join(temporary, fileName),
    release: () => fs.rmSync(temporary, { recursive: true, force: true }),
  };
}

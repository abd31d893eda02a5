/**
 * Where the index of a run is kept: beside it, where it may be written and nobody else writes it; else in a folder of
 * its own that goes with the follower. Another process that asks at the same time must not wait.
 */

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
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
    const lock = RunLock.acquire(join(folder, "lock"));
    fs.closeSync(fs.openSync(join(folder, fileName), "a"));
    return { path: join(folder, fileName), release: () => lock.release() };
  } catch (error) {
    const isTaken = EngineError.is(error) && error.code === "WE_RUN_LOCKED";
    if (!isTaken && !isUnwritable(error)) throw error;
  }
  const temporary = fs.mkdtempSync(join(tmpdir(), "wasm-engine-index-"));
  return {
    path: join(temporary, fileName),
    release: () => fs.rmSync(temporary, { recursive: true, force: true }),
  };
}

function isUnwritable(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return ["EACCES", "EROFS", "EPERM", "ENOSPC", "EDQUOT"].includes(String(error.code));
}

/**
 * The file that a detached world's process writes its errors to. It must exist before the run has a folder: it begins
 * beside it, and the world moves it in.
 */

import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { storageError } from "../storage/errors.js";
import { errnoOf } from "../storage/file-system.js";
import { makeFolders } from "../storage/make-folders.js";
import { engineLogPath } from "../world/engine-log.js";
import { fail } from "../world/errors.js";
import { stderrTailBytes } from "../world/limits.js";
import { causeOfDeath } from "./process-transport.js";

export interface DetachedLog {
  /** Open for appending. */
  readonly file: number;
  readonly path: string;
  /** Where it lies once the world is open. */
  readonly finalPath: string;
  /** The error with what the process wrote last, where it died before the world was open; nothing is left behind. */
  explained(error: unknown): unknown;
  close(): void;
}

/** @throws {WE_RUN_UNWRITABLE} */
export function beginLog(dir: string, kind: "new" | "resume"): DetachedLog {
  const finalPath = engineLogPath(dir);
  const path = kind === "resume" ? finalPath : `${dir}.log`;
  let file: number;
  try {
    if (kind === "new") makeFolders(dirname(path));
    file = openSync(path, "a");
  } catch (error) {
    throw storageError("WE_RUN_UNWRITABLE", { path, cause: errnoOf(error) });
  }
  return {
    file,
    path,
    finalPath,
    explained: (error) => {
      const tail = tailOf(path);
      if (kind === "new") rmSync(path, { force: true });
      if (!EngineError.is(error) || error.code !== "WE_WORLD_DIED" || tail === "") return error;
      return fail("WE_WORLD_DIED", { cause: causeOfDeath(1, null, tail), dir });
    },
    close: () => closeSync(file),
  };
}

function tailOf(path: string): string {
  try {
    return readFileSync(path, "utf8").slice(-stderrTailBytes).trim();
  } catch {
    return "";
  }
}

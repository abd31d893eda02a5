/** Models that were added to the folder of a configuration: `models.lock`, with absolute folders. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { modelLockName, readModelLock } from "@wasm-engine/core";
import type { LockedModel } from "@wasm-engine/core";
import { isFile } from "../storage/path-kind.js";

export interface AddedModel extends LockedModel {
  readonly name: string;
  readonly dir: string;
}

/** None where there is no lock; a text says what is wrong with it. */
export function addedModels(directory: string): readonly AddedModel[] | string {
  const path = join(directory, modelLockName);
  if (!isFile(path)) return [];
  const lock = readModelLock(readFileSync(path, "utf8"));
  if (typeof lock === "string") return lock;
  return [...lock].map(([name, model]) => ({
    ...model,
    name,
    dir: join(directory, ...model.folder.split("/")),
  }));
}

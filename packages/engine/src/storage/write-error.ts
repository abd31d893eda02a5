/**
 * Which coded error a failed write of a run's files is: a lack of space passes and the world waits for that, anything
 * else does not.
 */

import { EngineError } from "@wasm-engine/abi";
import { storageError } from "./errors.js";
import { errnoOf, isScarcity } from "./file-system.js";

/** WE_DISK_FULL where space, quota or descriptors are used up, else WE_RUN_UNWRITABLE. */
export function writeError(path: string, error: unknown): EngineError {
  const parameters = { path, cause: errnoOf(error) };
  return isScarcity(error)
    ? storageError("WE_DISK_FULL", parameters)
    : storageError("WE_RUN_UNWRITABLE", parameters);
}

/** What `write` returns; what the disk refuses becomes the coded error. @throws {WE_DISK_FULL} {WE_RUN_UNWRITABLE} */
export function guardedWrite<Result>(path: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw EngineError.is(error) ? error : writeError(path, error);
  }
}

/** The error says that something is used up which somebody may free: what failed can be tried again as it is. */
export function isShortage(error: unknown): error is EngineError {
  return EngineError.is(error) && (error.code === "WE_DISK_FULL" || error.code === "WE_LOG_FULL");
}

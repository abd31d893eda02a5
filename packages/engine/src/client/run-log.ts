/** The log of a recorded run, read in this process: verification and listing execute nothing. */

import type { LogRecord, LogVerification } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { RunFolder, readRecords, recoverLog, verifyRunLog } from "../storage/index.js";
import { resolveRun } from "../world/run-reference.js";

/** Checks every byte and recomputes the chain. Damage is a report, not an error. @throws {WE_RUN_UNKNOWN} */
export function verifyLogOfRun(run: string, baseDirectory?: string): LogVerification {
  return verifyRunLog(RunFolder.open(resolveRun(run, baseDirectory), nodeHasher).log);
}

/** Every record of a run in order, a torn tail left out. @throws {WE_RUN_UNKNOWN} @throws {WE_LOG_DAMAGED} */
export function* recordsOfRun(run: string, baseDirectory?: string): Generator<LogRecord> {
  const place = RunFolder.open(resolveRun(run, baseDirectory), nodeHasher).log;
  yield* readRecords(place, recoverLog(place).records);
}

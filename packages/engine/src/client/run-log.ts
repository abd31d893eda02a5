/** The log of a recorded run, read in this process: verification and listing execute nothing. */

import type { LogRecord, LogVerification } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { resolveRun } from "../world/run-reference.js";

/** Checks every byte and recomputes the chain. Damage is a report, not an error. @throws {WE_RUN_UNKNOWN} */
export async function verifyLogOfRun(run: string, baseDirectory?: string): Promise<LogVerification> {
  const dir = resolveRun(run, baseDirectory);
  const { RunFolder, verifyRunLog } = await import("../storage/index.js");
  return verifyRunLog(RunFolder.open(dir, nodeHasher).log);
}

/** Every record of a run in order, a torn tail left out. @throws {WE_RUN_UNKNOWN} @throws {WE_LOG_DAMAGED} */
export async function* recordsOfRun(run: string, baseDirectory?: string): AsyncGenerator<LogRecord> {
  const dir = resolveRun(run, baseDirectory);
  const { RunFolder, readRecords, recoverLog } = await import("../storage/index.js");
  const place = RunFolder.open(dir, nodeHasher).log;
  yield* readRecords(place, recoverLog(place).records);
}

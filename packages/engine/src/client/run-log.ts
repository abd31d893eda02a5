/** The log of a recorded run, read in this process: verification and listing execute nothing. */

import type { LogRecord, LogVerification } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { runPlace, withRun } from "./run-place.js";

/** Checks every byte and recomputes the chain. Damage is a report, not an error. @throws {WE_RUN_UNKNOWN} */
export async function verifyLogOfRun(run: string, baseDirectory?: string): Promise<LogVerification> {
  const { RunFolder, verifyRunLog } = await import("../storage/index.js");
  // eslint-disable-next-line @typescript-eslint/require-await -- released when the promise is settled
  return withRun(run, baseDirectory, async ({ dir }) => verifyRunLog(RunFolder.open(dir, nodeHasher).log));
}

/** Every record of a run in order, a torn tail left out. @throws {WE_RUN_UNKNOWN} @throws {WE_LOG_DAMAGED} */
export async function* recordsOfRun(run: string, baseDirectory?: string): AsyncGenerator<LogRecord> {
  const { RunFolder, readRecords, recoverLog } = await import("../storage/index.js");
  const place = await runPlace(run, baseDirectory);
  try {
    const { log } = RunFolder.open(place.dir, nodeHasher);
    yield* readRecords(log, recoverLog(log).records);
  } finally {
    place.release();
  }
}

/** The log of a recorded run, read in this process: verification and listing execute nothing. */

import type { LogRecord, LogVerification } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { fail } from "../world/errors.js";
import { runPlace, withRun } from "./run-place.js";

/** Checks every byte and recomputes the chain. Damage is a report, not an error. @throws {WE_RUN_UNKNOWN} */
export async function verifyLogOfRun(run: string, baseDirectory?: string): Promise<LogVerification> {
  const { RunFolder, verifyRunLog } = await import("../storage/index.js");
  // eslint-disable-next-line @typescript-eslint/require-await -- released when the promise is settled
  return withRun(run, baseDirectory, async ({ dir }) => verifyRunLog(RunFolder.open(dir, nodeHasher).log));
}

/**
 * Every record of a run in order, a torn tail left out; with a range of ticks, the inputs and commits of these.
 * @throws {WE_RUN_UNKNOWN} {WE_LOG_DAMAGED} {WE_RUN_RANGE}
 */
export async function* recordsOfRun(
  run: string,
  baseDirectory?: string,
  { from = 0, to = Infinity }: { readonly from?: number; readonly to?: number } = {},
): AsyncGenerator<LogRecord> {
  if (from > to) throw fail("WE_RUN_RANGE", { from, to });
  const { RunFolder, readRecords, recoverLog } = await import("../storage/index.js");
  const place = await runPlace(run, baseDirectory);
  try {
    const { log } = RunFolder.open(place.dir, nodeHasher);
    const isWhole = from <= 0 && to === Infinity;
    for (const record of readRecords(log, recoverLog(log).records)) {
      const tick = tickOf(record);
      if (isWhole || (tick !== undefined && tick >= from && tick <= to)) yield record;
    }
  } finally {
    place.release();
  }
}

/** Records of other kinds belong to no tick. */
function tickOf(record: LogRecord): number | undefined {
  if (record.kind === "input") return record.input.tick;
  return record.kind === "commit" ? record.commit.tick : undefined;
}

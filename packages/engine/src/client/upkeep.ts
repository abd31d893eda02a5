/** Giving up runs or parts of them: `compact`, `rm`, `gc`. */

import type { CompactOptions } from "../upkeep/compact-run.js";
import type { CompactReport } from "../upkeep/contract.js";
import { resolveRun } from "../world/run-reference.js";

/**
 * Gives up what a run holds from before the newest snapshot at or before `keepFrom`. The run goes on, and everything
 * from that snapshot on replays; what came before is gone.
 * @throws {WE_RUN_UNKNOWN} {WE_RUN_LOCKED} {WE_RUN_TICK} {WE_COMPACT_SNAPSHOT} {WE_LOG_DAMAGED}
 */
export async function compactRun(
  run: string,
  options: CompactOptions & { readonly baseDirectory?: string } = {},
): Promise<CompactReport> {
  const { compactFolder } = await import("../upkeep/compact-run.js");
  return compactFolder(resolveRun(run, options.baseDirectory), options);
}

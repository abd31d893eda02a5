/** `compact RUN [--keep-from T]`: what a run holds from before a snapshot is given up. */

import { compactRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, integerOption } from "../command.js";

export const compact: CommandFunction = async ({ parsed }) => {
  const keepFrom = integerOption(parsed, "keepFrom");
  const dryRun = flagOption(parsed, "dryRun");
  const report = await compactRun(parsed.arguments[0] ?? "", {
    dryRun,
    ...(keepFrom === undefined ? {} : { keepFrom }),
  });
  const { dir, firstTick, records, snapshots, bytesBefore, bytesAfter, chainHead } = report;
  const isNothing = records === 0 && snapshots.length === 0;
  const what = `${records} records and ${snapshots.length} snapshots from before tick ${firstTick}`;
  const done = dryRun ? `would give up ${what}` : `gave up ${what}: ${bytesBefore} bytes, now ${bytesAfter}`;
  return {
    document: { ...report, dryRun },
    text: [
      isNothing ? `there is nothing to give up before tick ${firstTick}` : done,
      `chain head ${chainHead}`,
      ...(dryRun ? [] : [`next       wasm-engine replay ${dir} --from ${firstTick}`]),
    ].join("\n"),
  };
};

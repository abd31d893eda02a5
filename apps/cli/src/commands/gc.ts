/** `gc`: what no run needs is removed. */

import { collectWaste } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, integerOption } from "../command.js";
import { textTable } from "../table.js";
import { visible } from "../visible.js";

export const gc: CommandFunction = async ({ parsed }) => {
  const minAge = integerOption(parsed, "minAge");
  const runs = parsed.arguments.filter((run) => run !== undefined);
  const report = await collectWaste({
    runs,
    dryRun: flagOption(parsed, "dryRun"),
    caches: flagOption(parsed, "caches"),
    ...(minAge === undefined ? {} : { minAgeMs: minAge * 1000 }),
  });
  const { dryRun, waste, files, bytes, passedOver } = report;
  const rows = waste.map((row) => [row.kind, row.files, row.bytes]);
  const sum = `${dryRun ? "would free" : "freed"} ${bytes} bytes in ${files} files`;
  return {
    document: report,
    text: [
      ...(rows.length === 0 ? [] : [textTable(["what", "files", "bytes"], rows)]),
      sum,
      ...passedOver.map(({ dir, reason }) => `left alone: ${dir}: ${visible(reason)}`),
    ].join("\n"),
  };
};

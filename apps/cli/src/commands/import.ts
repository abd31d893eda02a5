/** `import F`: an exported run becomes one of the runs here. */

import { resolve } from "node:path";
import { importRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, textOption } from "../command.js";

export const importVerb: CommandFunction = async ({ parsed }) => {
  const dir = textOption(parsed, "dir");
  const report = await importRun(parsed.arguments[0] ?? "", {
    withIndex: flagOption(parsed, "index"),
    ...(dir === undefined ? {} : { dir: resolve(dir) }),
  });
  const { runId, name, ticks, digest, chainHead, already } = report;
  const where = already ? `is here already, in ${report.dir}; nothing was written` : `in ${report.dir}`;
  return {
    document: report,
    text: [
      `run ${runId} of ${name}, ${ticks} ticks, ${where}`,
      `digest     ${digest}`,
      `chain head ${chainHead}`,
      `next       wasm-engine run --resume ${report.dir}`,
    ].join("\n"),
  };
};

/** `open F`: a bundle verified and unpacked into a run folder. */

import { resolve } from "node:path";
import { openBundle } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { textOption } from "../command.js";

export const open: CommandFunction = async ({ parsed }) => {
  const dir = textOption(parsed, "dir");
  const report = await openBundle(parsed.arguments[0] ?? "", dir === undefined ? {} : { dir: resolve(dir) });
  const { runId, name, ticks, digest, chainHead } = report;
  return {
    document: report,
    text: [
      `run ${runId} of ${name}, ${ticks} ticks, in ${report.dir}`,
      `digest     ${digest}`,
      `chain head ${chainHead}`,
      `next       wasm-engine replay ${report.dir}`,
    ].join("\n"),
  };
};

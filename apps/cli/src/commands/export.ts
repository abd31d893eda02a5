/** `export RUN --out F`: a run as one file for another machine. */

import { exportRun } from "@wasm-engine/engine";
import { bundleOutcome, bundlePath } from "../bundle-outcome.js";
import type { CommandFunction } from "../command.js";
import { flagOption, integerOption } from "../command.js";

export const exportVerb: CommandFunction = async ({ parsed }) => {
  const out = bundlePath("export", parsed);
  const from = integerOption(parsed, "from");
  const report = await exportRun(parsed.arguments[0] ?? "", {
    out,
    snapshots: flagOption(parsed, "snapshots"),
    index: flagOption(parsed, "index"),
    ...(from === undefined ? {} : { from }),
  });
  return bundleOutcome(report, `wasm-engine import ${report.path}   (on the other machine)`);
};

/** `bundle RUN --out F`: a run as one file that replays anywhere. */

import { bundleRun } from "@wasm-engine/engine";
import { bundleOutcome, bundlePath } from "../bundle-outcome.js";
import type { CommandFunction } from "../command.js";

export const bundle: CommandFunction = async ({ parsed }) => {
  const report = await bundleRun(parsed.arguments[0] ?? "", { out: bundlePath("bundle", parsed) });
  return bundleOutcome(report, `wasm-engine replay ${report.path}`);
};

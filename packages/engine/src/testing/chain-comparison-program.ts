/**
 * `npm run test:inference-chains -- [--ticks N] [--delay MS]`: one world with 1, 2 and 3 inference workers, with and
 * without delays by chance; ends with 1 where two chains differ.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programOptions, wholeNumber } from "../../../wasm/dist/testing/program-options.js";
import { comparedRun, mixedRecords, writeModels } from "./chain-comparison.js";

const { values } = programOptions({
  usage: "npm run test:inference-chains -- [--ticks N] [--delay MS]",
  options: { ticks: { type: "string", default: "60" }, delay: { type: "string", default: "500" } },
});
const ticks = wholeNumber("ticks", values.ticks, 1);
const delay = wholeNumber("delay", values.delay);
const folder = mkdtempSync(join(tmpdir(), "chains-"));
const heads = new Set<string>();
try {
  const models = await writeModels(join(folder, "models"));
  const records = mixedRecords(ticks);
  for (const delayMsMax of [0, delay]) {
    for (const workers of [1, 2, 3]) {
      const directory = join(folder, `run-${delayMsMax}-${workers}`);
      const result = await comparedRun({ directory, models, records, workers, delayMsMax });
      const { chainHead, ticks: over, inferences, inferenceStallMs, wallMs } = result;
      heads.add(chainHead);
      const asked = `${inferences} answers in ${over} ticks`;
      const stalled = `${Math.round(inferenceStallMs)} of ${Math.round(wallMs)} ms waited`;
      process.stdout.write(`${workers} workers, 0–${delayMsMax} ms: ${chainHead}, ${asked}, ${stalled}\n`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = heads.size === 1 ? 0 : 1;

/**
 * `node …/chain-comparison-program.js [TICKS [DELAY_MS]]`: one world with 1 and 2 inference workers, with and without
 * delays by chance; ends with 1 where two chains differ.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparedRun, mixedRecords, writeModels } from "./chain-comparison.js";

const [ticks = "60", delay = "500"] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "chains-"));
const heads = new Set<string>();
try {
  const models = await writeModels(join(folder, "models"));
  const records = mixedRecords(Number(ticks));
  for (const delayMsMax of [0, Number(delay)]) {
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

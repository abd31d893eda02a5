/**
 * `npm run train:airports`: runs the training world of examples/airports, chooses and fits its models, and writes
 * examples/airports/models. With `--check` nothing is written: exit 3 where the committed models are others.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";
import {
  differences,
  filesOf,
  modelsFolder,
  trainModels,
  writeModelFiles,
} from "./airports/model-folders.js";
import { recordTrainingSet } from "./airports/training-set.js";
import type { TrainedModel } from "./airports/training.js";

/** The candidates of one model, the chosen one marked. */
function tableOf({ name, candidates, chosen, brierBase }: TrainedModel): string {
  const rows = candidates.map(({ name: candidate, brier }) => {
    const skill = (100 * (1 - brier / brierBase)).toFixed(2);
    const mark = candidate === chosen.name ? "  chosen" : "";
    return `  ${candidate.padEnd(22)}${brier.toFixed(5)}${skill.padStart(8)} %${mark}`;
  });
  const title = `${name}: Brier score on February after January (January's share: ${brierBase.toFixed(5)})`;
  return [title, ...rows].join("\n");
}

async function main(check: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "train-airports-"));
  try {
    const flights = await recordTrainingSet(folder);
    const late = flights.filter((flight) => flight.late).length;
    console.log(`${flights.length} flights of January and February, ${late} late`);
    const models = trainModels(flights);
    for (const model of models) console.log(tableOf(model));
    const files = filesOf(models);
    const changed = differences(files);
    if (!check) writeModelFiles(files);
    const verb = check ? "differ" : "written";
    console.log(changed.length === 0 ? `models: as in ${modelsFolder}` : `${verb}: ${changed.join(", ")}`);
    process.exitCode = check && changed.length > 0 ? 3 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = programOptions({
  usage: "npm run train:airports -- [--check]",
  options: { check: { type: "boolean", default: false } },
});
await main(values.check);

/** The shipped models: examples/airports/models/NAME/{model.onnx, model.json}, as bytes and as files. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { delayModel } from "./delay-model.js";
import { featureNames } from "./training-set.js";
import type { TrainingFlight } from "./training-set.js";
import { trainModel } from "./training.js";
import type { ModelName, TrainedModel } from "./training.js";
import { airportsFolder } from "./world-variant.js";

export const modelsFolder: string = join(airportsFolder, "models");
export const modelNames: readonly ModelName[] = ["delay", "calendar"];

/** Every file of the models by its path below the models' folder. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** Trains both models. */
export function trainModels(flights: readonly TrainingFlight[]): readonly TrainedModel[] {
  return modelNames.map((name) => trainModel(name, flights));
}

/** What the models' folder holds. */
export function filesOf(models: readonly TrainedModel[]): ModelFiles {
  const files = new Map<string, Uint8Array>();
  for (const { name, fit, columns } of models) {
    const bytes = delayModel(name, fit, columns);
    files.set(`${name}/model.onnx`, bytes);
    files.set(`${name}/model.json`, Buffer.from(manifestOf(name, columns.length, bytes)));
  }
  return files;
}

/** Paths whose committed bytes are others. */
export function differences(files: ModelFiles, folder: string = modelsFolder): string[] {
  return [...files].flatMap(([path, bytes]) => {
    const file = join(folder, path);
    return existsSync(file) && readFileSync(file).equals(bytes) ? [] : [path];
  });
}

export function writeModelFiles(files: ModelFiles, folder: string = modelsFolder): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

function manifestOf(name: ModelName, width: number, bytes: Uint8Array): string {
  const manifest = {
    name,
    version: "1.0.0",
    file: "model.onnx",
    sha256: createHash("sha256").update(bytes).digest("hex"),
    latencyTicks: 1,
    license: "Apache-2.0",
    trainedBy: `npm run train:airports; columns: ${featureNames.slice(0, width).join(", ")}`,
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

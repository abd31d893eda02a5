/** The ONNX file computes what was fitted, on the runtime that the example uses. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Encoding, TensorType, decodeTensors, encodeTensors } from "@wasm-engine/abi";
import { createInferenceService } from "@wasm-engine/inference";
import { filesOf, modelsFolder, writeModelFiles } from "./model-folders.js";
import type { TrainingFlight } from "./training-set.js";
import { forecast, trainModel } from "./training.js";

/** Flights of which every column says something, in fixed order. */
function flights(count: number): TrainingFlight[] {
  return Array.from({ length: count }, (_, index) => {
    const shares = [0.05, 0.1, 0.2, 0.35].map((step, column) => ((index * (column + 3)) % 17) * step * 0.15);
    const features = [((index * 5) % 144) / 6, index % 7, 100 + ((index * 37) % 29) * 90, ...shares];
    const score = (features[0] ?? 0) / 24 + (features[3] ?? 0) + ((index * 13) % 11) / 11;
    return { flight: index, month: 1 + (index % 2), features: features.map(Math.fround), late: score > 1.2 };
  });
}

function request(rows: readonly (readonly number[])[]): { encoding: Encoding; payload: Uint8Array } {
  const data = new Uint8Array(Float32Array.from(rows.flat()).buffer);
  const dimensions = [rows.length, rows[0]?.length ?? 0];
  const payload = encodeTensors([{ name: "", type: TensorType.FLOAT32, dimensions, data }]);
  return { encoding: Encoding.TENSOR, payload };
}

test("the ONNX file answers what was fitted, within single precision, also beyond the outer knots", async () => {
  const folder = mkdtempSync(join(tmpdir(), "airports-model-"));
  const service = createInferenceService({});
  try {
    const model = trainModel("delay", flights(1500));
    writeModelFiles(filesOf([model]), folder);
    const facts = await service.load({ name: "delay", dir: join(folder, "delay"), providers: ["wasm"] });
    assert.equal(facts.provider, "wasm");
    const rows = flights(200).map(({ features }) => features);
    rows.push([30, 9, 9000, 2, -1, 0.5, 0.5], [-1, -1, -1, -1, -1, -1, -1]);
    const { responses } = await service.run("delay", [...rows.map((row) => request([row])), request(rows)]);
    const answers = responses.map((response) => {
      assert.ok(response.ok);
      const tensors = decodeTensors(response.payload);
      assert.ok(typeof tensors !== "string");
      return [...new Float32Array(tensors[0]?.data.slice().buffer ?? new ArrayBuffer(0))];
    });
    const alone = answers.slice(0, -1).flat();
    assert.deepEqual(alone, answers.at(-1), "alone or in a batch, the bits are the same");
    rows.forEach((row, index) => {
      const fitted = forecast(model, row);
      const given = alone[index] ?? Number.NaN;
      assert.ok(Math.abs(given - fitted) < 2e-6, `row ${index}: ${given} for ${fitted}`);
    });
  } finally {
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the shipped models load on the provider of the example and join requests without changing a bit", async () => {
  const service = createInferenceService({});
  try {
    for (const name of ["delay", "calendar"]) {
      const facts = await service.load({ name, dir: join(modelsFolder, name), providers: ["wasm"] });
      assert.deepEqual([facts.batchMode, facts.latencyTicks, facts.refused], ["exact", 1, []]);
    }
  } finally {
    await service.close();
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelFolder, floatBlock, mlp } from "../testing/sample-models.js";
import { createModelRegistry } from "./model-registry.js";

const manifest = (version: string): object => ({ name: "delay", version, file: "model.onnx" });
const x = floatBlock([1, 4], [1, 2, 3, 4]);

test("models are loaded by id and version, asked by id or by both, and unloaded", async () => {
  using folder = new ModelFolder({
    "delay/model.json": manifest("1.0.0"),
    "delay/model.onnx": mlp(),
    "delay/2.0.0/model.json": manifest("2.0.0"),
    "delay/2.0.0/model.onnx": mlp({ classes: 5 }),
  });
  const registry = createModelRegistry({ folder: folder.path });
  await registry.loadModel("delay", "1.0.0");
  const first = await registry.infer("delay", x);
  assert.deepEqual(first.dimensions, [1, 3]);
  const facts = await registry.loadModel("delay", "2.0.0");
  assert.equal(facts.version, "2.0.0");
  assert.deepEqual((await registry.infer("delay", x)).dimensions, [1, 5], "the version loaded last");
  assert.deepEqual(await registry.infer("delay@1.0.0", x), first);
  const responses = await registry.batchInfer([
    { modelId: "delay@1.0.0", inputs: [x] },
    { modelId: "delay", inputs: [x] },
    { modelId: "delay@1.0.0", inputs: [floatBlock([1, 3], [1, 2, 3])] },
    { modelId: "delay@1.0.0", inputs: [{ ...x, name: "x" }] },
  ]);
  assert.deepEqual(
    responses.map((response) =>
      response.ok ? response.outputs[0]?.dimensions : response.message.slice(0, 34),
    ),
    [[1, 3], [1, 5], 'input "x" has the dimensions [1, 3]', [1, 3]].map((value) =>
      typeof value === "string" ? value.slice(0, 34) : value,
    ),
  );
  await registry.unloadModel("delay@2.0.0");
  assert.deepEqual(await registry.infer("delay", x), first);
  await registry.unloadModel("delay");
  await assert.rejects(registry.infer("delay", x), { code: "WE_MODEL_UNKNOWN" });
  await registry.close();
});

test("[G10] another version than asked for, unknown ids and wrong tensors are coded errors", async () => {
  using folder = new ModelFolder({ "delay/model.json": manifest("1.0.0"), "delay/model.onnx": mlp() });
  const registry = createModelRegistry({ folder: folder.path, providers: ["wasm"] });
  await assert.rejects(registry.loadModel("delay", "3.0.0"), {
    code: "WE_MODEL_VERSION",
    message: /version 3\.0\.0 was asked for, .* holds version 1\.0\.0/,
  });
  await assert.rejects(registry.loadModel("absent", "1.0.0"), { code: "WE_MODEL_FOLDER" });
  await registry.loadModel("delay", "1.0.0");
  await assert.rejects(registry.infer("delai", x), {
    code: "WE_MODEL_UNKNOWN",
    hint: "known models: delay@1.0.0",
  });
  await assert.rejects(registry.infer("delay", floatBlock([4], [1, 2, 3, 4])), {
    code: "WE_MODEL_REQUEST",
    message: /the model takes \[batch, 4\]/,
  });
  await registry.close();
});

/** Everything that can be wrong with a model before a runtime sees it: one coded error each. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { TensorType } from "@wasm-engine/abi";
import type { ModelSpec } from "@wasm-engine/core";
import { ModelFolder, folderOf, identityModel, mlp, rowModel, weights } from "../testing/sample-models.js";
import { readModelFolder } from "./model-folder.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const manifest = { name: "sample", version: "1", file: "model.onnx" };
const specOf = (folder: ModelFolder, more: Partial<ModelSpec> = {}): ModelSpec => ({
  name: "m",
  dir: folder.path,
  providers: ["wasm"],
  ...more,
});

async function refused(files: ConstructorParameters<typeof ModelFolder>[0], more: Partial<ModelSpec> = {}) {
  using folder = new ModelFolder(files);
  return await readModelFolder(specOf(folder, more)).then(
    () => assert.fail("the folder was accepted"),
    (error: { readonly code: string; readonly message: string; readonly hint: string }) => error,
  );
}

test("a folder with a manifest is read, pins included", async () => {
  const bytes = mlp();
  using folder = folderOf(bytes, {
    sha256: sha256(bytes),
    latencyTicks: 7,
    inputs: [{ name: "x", type: "float32", shape: ["rows", 4] }],
    outputs: [{ name: "y", type: "float32", shape: ["rows", 3] }],
    license: "CC0-1.0",
    trainedBy: "scripts/train.ts",
  });
  const files = await readModelFolder(specOf(folder, { digest: sha256(bytes) }));
  assert.equal(files.digest, sha256(bytes));
  assert.equal(files.manifest.latencyTicks, 7);
  assert.equal(files.manifest.trainedBy, "scripts/train.ts");
  assert.deepEqual(files.shape.inputs, [{ name: "x", type: TensorType.FLOAT32, dimensions: ["batch", 4] }]);
  assert.equal(files.shape.joinable, true);
});

test("the layout of Hugging Face is read where it is a tensor model", async () => {
  for (const path of ["onnx/model.onnx", "model.onnx"]) {
    using folder = new ModelFolder({ "config.json": { model_type: "bert" }, [path]: mlp() });
    const files = await readModelFolder(specOf(folder));
    assert.equal(files.manifest.file, path);
    assert.equal(files.manifest.latencyTicks, 1);
  }
  const generator = identityModel({
    inputs: [{ name: "past_key_values.0.key", type: TensorType.FLOAT32, dimensions: ["batch", 2] }],
    nodes: [{ operator: "Identity", inputs: ["past_key_values.0.key"], outputs: ["y"] }],
  });
  const error = await refused({ "config.json": {}, "onnx/model.onnx": generator });
  assert.equal(error.code, "WE_MODEL_UNSUPPORTED");
  assert.match(error.message, /text generator/);
});

test("[G10] a folder without a model says what is missing", async () => {
  const cases: readonly (readonly [Parameters<typeof refused>[0], string, RegExp])[] = [
    [{}, "WE_MODEL_FOLDER", /no model\.json and no model\.onnx/],
    [{ "model.onnx": mlp() }, "WE_MODEL_FOLDER", /neither model\.json nor config\.json/],
    [{ "model.json": manifest }, "WE_MODEL_READ", /ENOENT/],
    [{ "model.json": manifest, "model.onnx/x": "" }, "WE_MODEL_READ", /not a file/],
    [{ "model.json": `{"a":"${"x".repeat(300_000)}"}` }, "WE_MODEL_LIMIT", /allows 262144/],
  ];
  for (const [files, code, pattern] of cases) {
    const error = await refused(files);
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
  }
  await assert.rejects(readModelFolder({ name: "m", dir: "/nowhere/at/all", providers: ["wasm"] }), {
    code: "WE_MODEL_FOLDER",
    message: /there is no such folder/,
  });
});

test("[G10] a manifest is refused at its first mistake, with what to write instead", async () => {
  const cases: readonly (readonly [unknown, RegExp, RegExp])[] = [
    ["{", /it is no JSON/, /syntax/],
    ["[]", /it is no JSON object/, /begin with/],
    [`{"inputs":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, /inputs is a list/, /shape/],
    [{ ...manifest, latencyTick: 1 }, /key "latencyTick" is unknown/, /did you mean "latencyTicks"\?/],
    [{ ...manifest, constructor: 1 }, /key "constructor" is unknown/, /known keys/],
    [{ name: "m", file: "model.onnx" }, /key "version" is missing/, /add "version"/],
    [{ ...manifest, version: 1 }, /version is 1/, /a text of 1 to 64 characters/],
    [{ ...manifest, file: "../model.onnx" }, /file is "\.\.\/model\.onnx"/, /inside the folder/],
    [{ ...manifest, file: "/etc/model.onnx" }, /file is/, /inside the folder/],
    [{ ...manifest, file: "a\\b.onnx" }, /file is/, /inside the folder/],
    [{ ...manifest, sha256: "ABC" }, /sha256 is "ABC"/, /64 hex digits/],
    [{ ...manifest, latencyTicks: 0 }, /latencyTicks is 0/, /from 1 to/],
    [{ ...manifest, batch: "exact" }, /batch is "exact"/, /"auto" or "serial"/],
    [{ ...manifest, inputs: [{ name: "x", type: "float", shape: [1] }] }, /inputs is/, /float32/],
    [{ ...manifest, outputs: [{ name: "x", type: "int64", shape: [0] }] }, /outputs is/, /sizes and names/],
  ];
  for (const [content, message, hint] of cases) {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    const error = await refused({ "model.json": text, "model.onnx": mlp() });
    assert.equal(error.code, "WE_MODEL_MANIFEST");
    assert.match(error.message, message);
    assert.match(error.hint, hint);
  }
});

test("[G10] wrong digests are refused, whoever pinned them", async () => {
  const wrong = "0".repeat(64);
  const byManifest = await refused({ "model.json": { ...manifest, sha256: wrong }, "model.onnx": mlp() });
  assert.deepEqual(
    [byManifest.code, /the manifest says/.test(byManifest.message)],
    ["WE_MODEL_DIGEST_MISMATCH", true],
  );
  const bySpec = await refused({ "model.json": manifest, "model.onnx": mlp() }, { digest: wrong });
  assert.deepEqual(
    [bySpec.code, /the configuration says/.test(bySpec.message)],
    ["WE_MODEL_DIGEST_MISMATCH", true],
  );
});

test("[G10] truncated and garbled files, versions beyond the runtime, kinds that do not run", async () => {
  const bytes = mlp();
  const of = (model: Uint8Array | string) => refused({ "model.json": manifest, "model.onnx": model });
  for (const length of [0, 1, 40, bytes.length >> 1, bytes.length - 1])
    assert.equal((await of(bytes.subarray(0, length))).code, "WE_MODEL_MALFORMED");
  assert.equal((await of("<html>404</html>")).code, "WE_MODEL_MALFORMED");
  assert.equal((await of("version https://git-lfs.github.com/spec/v1")).code, "WE_MODEL_MALFORMED");
  const opset = await of(identityModel({ opsets: { "": 99 } }));
  assert.equal(opset.code, "WE_MODEL_OPSET");
  assert.match(
    opset.message,
    /needs operator set 99; this engine runs IR versions up to 13 and operator sets up to 26/,
  );
  assert.match((await of(identityModel({ irVersion: 99 }))).message, /needs IR version 99/);
  const bfloat = identityModel({
    inputs: [{ name: "x", type: 16 as TensorType, dimensions: ["batch", 2] }], // a type that worlds have no name for
  });
  assert.match((await of(bfloat)).message, /"x" has element type 16/);
  const noInputs = identityModel({ inputs: [], initializers: [weights(1, "x", 1, 2)] });
  assert.match((await of(noInputs)).message, /no inputs or no outputs/);
});

test("[G10] shapes that the manifest declares are those of the file", async () => {
  const declared: readonly Record<string, unknown>[] = [
    { inputs: [{ name: "x", type: "float32", shape: ["batch", 5] }] },
    { inputs: [{ name: "x", type: "float32", shape: [1, 4] }] },
    { inputs: [{ name: "x", type: "float32", shape: ["batch"] }] },
    { inputs: [{ name: "x", type: "int64", shape: ["batch", 4] }] },
    { inputs: [{ name: "z", type: "float32", shape: ["batch", 4] }] },
    { outputs: [{ name: "y", type: "float32", shape: ["batch", 2] }] },
  ];
  for (const part of declared) {
    const error = await refused({ "model.json": { ...manifest, ...part }, "model.onnx": mlp() });
    assert.equal(error.code, "WE_MODEL_SHAPE");
    assert.match(error.message, /the file has [xy]: float32 \[batch, [34]\]$/);
  }
});

test("fixed, open and several first dimensions decide whether requests can be joined", async () => {
  const joinable = async (model: Uint8Array): Promise<readonly boolean[]> => {
    using folder = folderOf(model);
    const { shape } = await readModelFolder(specOf(folder));
    return [shape.joinable, shape.manyShapes];
  };
  const relu = [{ operator: "Relu", inputs: ["x"], outputs: ["y"] }];
  assert.deepEqual(await joinable(rowModel(relu, { columns: 2 })), [true, false]);
  assert.deepEqual(await joinable(rowModel(relu, { columns: "n" })), [true, true]);
  assert.deepEqual(await joinable(rowModel(relu, { columns: 2, first: 1 })), [false, false]);
  const two = identityModel({
    inputs: [
      { name: "x", type: TensorType.FLOAT32, dimensions: ["batch", 2] },
      { name: "z", type: TensorType.FLOAT32, dimensions: ["other", 2] },
    ],
  });
  assert.deepEqual(await joinable(two), [false, false]);
});

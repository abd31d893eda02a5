/** Weights in files beside a model: the same answers as in one file, and everything that can be wrong with them. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TensorType, assert as ensure } from "@wasm-engine/abi";
import type { ModelSpec } from "@wasm-engine/core";
import { readOnnxHeader, writeOnnxModel } from "../onnx/index.js";
import type { OnnxModel } from "../onnx/index.js";
import { nativeRuntime } from "../runtime/native-runtime.js";
import { createInferenceService } from "../service/inference-service.js";
import { decoderFolder, decoderModel } from "../testing/sample-decoder.js";
import {
  ModelFolder,
  answerText,
  folderOf,
  identityModel,
  mlp,
  rowRequests,
  weights,
  withWeightsApart,
} from "../testing/sample-models.js";
import { openTextModel } from "../text/text-model.js";

const native = fileURLToPath(new URL("../../../../.wasm-engine/native", import.meta.url));
const providers: ModelSpec["providers"] =
  typeof nativeRuntime([native]) === "string" ? ["wasm"] : ["wasm", "cpu"];
const file = "model.onnx_data";

const line: OnnxModel = {
  graphName: "line",
  opsets: { "": 17 },
  inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: ["batch", 8] }],
  outputs: [{ name: "y", type: TensorType.FLOAT32, dimensions: ["batch", 5] }],
  initializers: [weights(1, "w", 8, 5), weights(2, "b", 5)],
  nodes: [{ operator: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"] }],
};

const specOf = (folder: ModelFolder, more: Partial<ModelSpec> = {}): ModelSpec => ({
  name: "m",
  dir: folder.path,
  providers: ["wasm"],
  ...more,
});

async function answersOf(folder: ModelFolder, provider: ModelSpec["providers"][number]) {
  const service = createInferenceService({ nativeFrom: [native], strict: true });
  try {
    const facts = await service.load(specOf(folder, { providers: [provider] }));
    const { responses } = await service.run("m", rowRequests(5, 8));
    return { facts, texts: responses.map(answerText) };
  } finally {
    await service.close();
  }
}

test("weights beside a model give the bits of those within it, on every runtime", async () => {
  const apart = withWeightsApart(line, file);
  using whole = folderOf(writeOnnxModel(line));
  using split = folderOf(apart.model);
  split.write(file, apart.data);
  const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
  const listed = `${sha256(apart.model)}  model.onnx\n${sha256(apart.data)}  ${file}\n`;
  for (const provider of providers) {
    const [left, right] = [await answersOf(whole, provider), await answersOf(split, provider)];
    assert.deepEqual(right.texts, left.texts, provider);
    assert.match(right.texts[0] ?? "", /^[0-9a-f]{40,}$/);
    assert.equal(right.facts.digest, sha256(listed), "sha256sum of the two lines");
    assert.notEqual(right.facts.fingerprint, left.facts.fingerprint);
  }
});

test("a decoder with its weights beside it writes the text of the whole one", async () => {
  const model = decoderModel("plain");
  const apart = withWeightsApart(model, file);
  using whole = decoderFolder(writeOnnxModel(model));
  using split = decoderFolder(apart.model, { [`onnx/${file}`]: apart.data });
  const texts = [];
  for (const folder of [whole, split]) {
    const opened = await openTextModel({ folder: folder.path });
    texts.push(await opened.generate({ prompt: "the", maxTokens: 12, digest: true }));
    await opened.close();
  }
  assert.equal(texts[0]?.scoresDigest, texts[1]?.scoresDigest);
  assert.equal(texts[0]?.text, texts[1]?.text);
});

async function refusal(folder: ModelFolder, more: Partial<ModelSpec> = {}) {
  const service = createInferenceService();
  return await service
    .load(specOf(folder, more))
    .then(
      () => assert.fail("the folder was accepted"),
      (error: { readonly code: string; readonly message: string; readonly hint: string }) => error,
    )
    .finally(() => service.close());
}

test("[G10] WE_MODEL_WEIGHTS: absent, short and outside of the folder", async () => {
  const apart = withWeightsApart(line, file);
  using folder = folderOf(apart.model);
  const absent = await refusal(folder);
  assert.deepEqual(
    [absent.code, /model\.onnx_data, which is not there/.test(absent.message)],
    ["WE_MODEL_WEIGHTS", true],
  );
  folder.write(file, apart.data.subarray(0, apart.data.length - 1));
  assert.match((await refusal(folder)).message, /which has 179 bytes; the model needs 180/);
  for (const name of ["../secret", "/etc/passwd", "a\\b", "", "x/../../y"]) {
    using outside = folderOf(withWeightsApart(line, name).model);
    const error = await refusal(outside);
    assert.equal(error.code, "WE_MODEL_UNSUPPORTED", name);
    assert.match(error.message, /no path within its folder/);
  }
});

test("weights that change under a model are noticed when it is read again; its budget counts them", async () => {
  const apart = withWeightsApart(line, file);
  using folder = folderOf(apart.model);
  folder.write(file, apart.data);
  using other = folderOf(identityModel());
  const bytes = apart.model.length + apart.data.length;
  const service = createInferenceService({ weightBytesMax: bytes });
  try {
    await service.load(specOf(folder));
    // There is no room for both: the first gives way.
    await service.load({ ...specOf(other), name: "other" });
    folder.write(
      file,
      apart.data.map((byte) => byte ^ 1),
    );
    await assert.rejects(service.run("m", rowRequests(1, 8)), { code: "WE_MODEL_CHANGED" });
  } finally {
    await service.close();
  }
  const small = createInferenceService({ weightBytesMax: bytes - 1 });
  folder.write(file, apart.data);
  await assert.rejects(small.load(specOf(folder)), { code: "WE_MODEL_LIMIT" });
  await small.close();
});

test("the header names the files of weights, those of constants and inner graphs too", () => {
  const constant = { ...weights(3, "c", 2), elsewhere: { file: "inner.data", offset: 16 } };
  const header = readOnnxHeader(
    writeOnnxModel({
      ...line,
      outputs: [{ name: "z", type: TensorType.FLOAT32, dimensions: [2] }],
      nodes: [
        {
          operator: "Constant",
          inputs: [],
          outputs: ["z"],
          attributes: { value: { kind: "tensor", value: constant } },
        },
      ],
    }),
  );
  ensure(typeof header !== "string", "the model is whole");
  assert.deepEqual([...header.weightFiles], [["inner.data", 24]]);
  const bad = Buffer.from(withWeightsApart(line, file).model);
  bad.write("-60", bad.indexOf("160"), "latin1");
  assert.equal(readOnnxHeader(bad), 'the place of "w" is no place in a file');
});

test("[G10] WE_MODEL_FORMAT: other formats are refused with the command that converts them", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      "model.safetensors",
      /holds safetensors weights.* optimum-cli export onnx --model \S+ models\/\S+-onnx/s,
    ],
    [
      "model-q4.gguf",
      /holds GGUF weights.* gguf && python -c .* model-q4\.gguf .* --task text-generation-with-past/s,
    ],
    ["pytorch_model.bin", /holds PyTorch weights/],
    ["net.pt", /holds PyTorch weights/],
  ];
  for (const [name, pattern] of cases) {
    using folder = new ModelFolder({ "config.json": {}, [name]: "x" });
    const error = await refusal(folder);
    assert.equal(error.code, "WE_MODEL_FORMAT", name);
    assert.match(`${error.message} ${error.hint}`, pattern);
  }
  using several = new ModelFolder({ "config.json": {}, "onnx/a.onnx": mlp(), "onnx/b.onnx": mlp() });
  assert.match((await refusal(several)).message, /several models \(onnx\/a\.onnx, onnx\/b\.onnx\)/);
  const service = createInferenceService();
  const facts = await service.load(specOf(several, { file: "onnx/b.onnx" }));
  assert.equal(facts.digest.length, 64);
  await service.close();
  truncateSync(join(several.path, "onnx/b.onnx"), 9);
  assert.equal((await refusal(several, { file: "onnx/b.onnx" })).code, "WE_MODEL_MALFORMED");
});

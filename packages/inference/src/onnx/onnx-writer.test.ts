import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { TensorType } from "@wasm-engine/abi";
import * as ort from "onnxruntime-web";
import { float, float32Tensor, int, int64Tensor, ints, readOnnxHeader, writeOnnxModel } from "./index.js";
import type { OnnxModel } from "./index.js";

const dense: OnnxModel = {
  graphName: "dense",
  opsets: { "": 17 },
  inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: ["batch", 3] }],
  outputs: [{ name: "y", type: TensorType.FLOAT32, dimensions: ["batch", 2] }],
  initializers: [
    float32Tensor("w", [2, 3], [1, 2, 3, -4, 5, -6]),
    float32Tensor("b", [2], [0.5, -0.25]),
    int64Tensor("shape", [2], [-1, 2]),
  ],
  nodes: [
    {
      operator: "Gemm",
      inputs: ["x", "w", "b"],
      outputs: ["sum"],
      attributes: { transB: int(1), alpha: float(2), beta: float(1) },
    },
    { operator: "LeakyRelu", inputs: ["sum"], outputs: ["bent"], attributes: { alpha: float(0.5) } },
    { operator: "Reshape", inputs: ["bent", "shape"], outputs: ["y"] },
  ],
  metadata: { licence: "CC0-1.0", "trained-by": "a test" },
};

test("a written model is run by the runtime and gives the numbers of its definition", async () => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "fatal";
  const session = await ort.InferenceSession.create(writeOnnxModel(dense));
  const { y } = await session.run({
    x: new ort.Tensor("float32", Float32Array.of(1, 1, 1, 0, 1, 0), [2, 3]),
  });
  // 2·(x·wᵀ) + b, negative values halved.
  assert.deepEqual([...((await y?.getData()) as Float32Array)], [12.5, -5.125, 4.5, 9.75]);
  assert.deepEqual(y?.dims, [2, 2]);
  await session.release();
});

test("bytes are those of the data alone: pinned, and without regard to the order of keys", () => {
  const bytes = writeOnnxModel(dense);
  const reordered = { ...dense, metadata: { "trained-by": "a test", licence: "CC0-1.0" } };
  assert.deepEqual(writeOnnxModel(reordered), bytes);
  assert.equal(
    createHash("sha256").update(bytes).digest("hex"),
    "cafc0cd59168aaac271eda7e1ab7a8ace093511292a0c87dd56d3ac116335d58",
  );
});

test("what was written is read back", () => {
  const header = readOnnxHeader(writeOnnxModel(dense));
  assert.ok(typeof header !== "string");
  assert.deepEqual(header.inputs, [{ name: "x", type: TensorType.FLOAT32, dimensions: ["batch", 3] }]);
  assert.deepEqual(header.outputs, [{ name: "y", type: TensorType.FLOAT32, dimensions: ["batch", 2] }]);
  assert.deepEqual([...header.opsets], [["", 17]]);
  assert.deepEqual(header.operators, ["Gemm", "LeakyRelu", "Reshape"]);
  assert.equal(header.initializerCount, 3);
  assert.equal(header.weightFiles.size, 0);
  assert.equal(header.irVersion, 8);
  assert.equal(header.producer, "wasm-engine");
  assert.deepEqual(header.metadata.get("licence"), "CC0-1.0");
});

test("every kind of attribute and negative integers survive", () => {
  const bytes = writeOnnxModel({
    ...dense,
    opsets: { "com.example": 3, "": 17 },
    nodes: [
      {
        operator: "Anything",
        domain: "com.example",
        inputs: ["x", ""],
        outputs: ["y"],
        attributes: {
          axes: ints(-1, 2),
          scales: { kind: "floats", value: [0.5, 2] },
          mode: { kind: "string", value: "linear" },
          names: { kind: "strings", value: ["a", "b"] },
          value: { kind: "tensor", value: int64Tensor("", [1], [-7]) },
        },
      },
    ],
  });
  const header = readOnnxHeader(bytes);
  assert.ok(typeof header !== "string");
  assert.deepEqual(header.operators, ["com.example:Anything"]);
  assert.deepEqual(
    [...header.opsets],
    [
      ["", 17],
      ["com.example", 3],
    ],
  );
});

test("models that no runtime could read are refused while they are written", () => {
  const refused: readonly (readonly [Partial<OnnxModel>, RegExp])[] = [
    [
      { outputs: [{ name: "nobody", type: TensorType.FLOAT32, dimensions: [] }] },
      /"nobody" is made by a node/,
    ],
    [{ nodes: [...dense.nodes].reverse() }, /"bent" is made before Reshape uses it/],
    [{ initializers: [...dense.initializers, float32Tensor("x", [1], [0])] }, /"x" is made once/],
  ];
  for (const [change, pattern] of refused)
    assert.throws(() => writeOnnxModel({ ...dense, ...change }), {
      code: "WE_INTERNAL_ASSERTION",
      message: pattern,
    });
  assert.throws(() => float32Tensor("w", [2, 2], [1]), /16 bytes, not 4/);
});

test("garbled files give a text, whatever byte is wrong", () => {
  // Metadata comes last, and a file that ends before it is whole.
  const bytes = writeOnnxModel({ ...dense, metadata: {} });
  assert.equal(readOnnxHeader(new Uint8Array(0)), "it holds no graph");
  assert.equal(readOnnxHeader(new TextEncoder().encode("<html>not found</html>")), "wire type 4 at byte 1");
  for (let length = 0; length < bytes.length; length += 1) {
    const header = readOnnxHeader(bytes.subarray(0, length));
    assert.equal(typeof header, "string", `cut at ${length} of ${bytes.length}`);
  }
  for (let index = 0; index < bytes.length; index += 1) {
    const bent = bytes.slice();
    bent[index] = (bent[index] ?? 0) ^ 0xff;
    readOnnxHeader(bent);
  }
});

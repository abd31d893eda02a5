/**
 * A small built-in model of the operators whose last bits differ between processors and versions, and the digest of
 * its answers to a seeded input. Two machines with equal probes, versions and options run the same kernels.
 */

import { createHash } from "node:crypto";
import { TensorType } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { ProviderName } from "@wasm-engine/core";
import { float, float32Tensor, int, int64Tensor, ints, writeOnnxModel } from "../onnx/index.js";
import type { OnnxNode, OnnxTensor } from "../onnx/index.js";
import { canonicalNaN } from "../request/canonical-nan.js";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import type { OnnxRuntime } from "./onnx-runtime.js";

const rows = 7;
const columns = 37;
const width = 29;

/** Each applies to the product of the input and a matrix; odd widths reach the ends of vector loops. */
const ELEMENTWISE = ["Exp", "Tanh", "Sigmoid", "Erf", "Sin", "Softplus", "Relu"] as const;

/** Hex SHA-256 over the answers of the probe. Rejects where the provider cannot run it. */
export async function probeKernels(runtime: OnnxRuntime, provider: ProviderName): Promise<string> {
  const session = await runtime.createSession(probeModel(), provider);
  try {
    const hash = createHash("sha256");
    for (const output of await session.run([probeInput()])) hash.update(canonicalNaN(output).data);
    return hash.digest("hex");
  } finally {
    await session.dispose();
  }
}

function probeInput(): TensorBlock {
  const { data } = float32Tensor("x", [rows, columns], new SeededNumbers(1).floats(rows * columns));
  return { name: "x", type: TensorType.FLOAT32, dimensions: [rows, columns], data };
}

function probeModel(): Uint8Array {
  const random = new SeededNumbers(2);
  const constant = (name: string, ...dimensions: number[]): OnnxTensor =>
    float32Tensor(name, dimensions, random.floats(dimensions.reduce((product, size) => product * size, 1)));
  const initializers = [
    constant("w", columns, width),
    constant("v", 11, width),
    constant("c", 11),
    constant("kernel", 3, 1, 3),
    constant("scale", width),
    constant("bias", width),
    int64Tensor("image", [3], [rows, 1, width]),
  ];
  const nodes: OnnxNode[] = [
    { operator: "MatMul", inputs: ["x", "w"], outputs: ["product"] },
    {
      operator: "Gemm",
      inputs: ["product", "v", "c"],
      outputs: ["gemm"],
      attributes: { transB: int(1), alpha: float(0.7) },
    },
    { operator: "Softmax", inputs: ["product"], outputs: ["softmax"], attributes: { axis: int(-1) } },
    {
      operator: "ReduceMean",
      inputs: ["product"],
      outputs: ["mean"],
      attributes: { axes: ints(-1), keepdims: int(1) },
    },
    { operator: "Reshape", inputs: ["product", "image"], outputs: ["signal"] },
    { operator: "Conv", inputs: ["signal", "kernel"], outputs: ["conv"], attributes: { pads: ints(1, 1) } },
    {
      operator: "LayerNormalization",
      inputs: ["product", "scale", "bias"],
      outputs: ["normal"],
      attributes: { axis: int(-1) },
    },
    ...ELEMENTWISE.map((operator) => ({ operator, inputs: ["product"], outputs: [operator] })),
  ];
  const outputs = ["gemm", "softmax", "mean", "conv", "normal", ...ELEMENTWISE];
  return writeOnnxModel({
    graphName: "kernel-probe",
    opsets: { "": 17 },
    inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: [rows, columns] }],
    outputs: outputs.map((name) => ({ name, type: TensorType.FLOAT32, dimensions: shapeOfOutput(name) })),
    initializers,
    nodes,
  });
}

function shapeOfOutput(name: string): readonly number[] {
  if (name === "gemm") return [rows, 11];
  if (name === "mean") return [rows, 1];
  return name === "conv" ? [rows, 3, width] : [rows, width];
}

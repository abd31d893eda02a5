/** The smallest real model: y = x · [0.5, 2] for any number of rows. */

import { TensorType } from "@wasm-engine/abi";
import { float32Tensor, writeOnnxModel } from "@wasm-engine/inference/onnx";

export function lineModel(): Uint8Array {
  return writeOnnxModel({
    graphName: "line",
    opsets: { "": 17 },
    inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: ["rows", 2] }],
    outputs: [{ name: "y", type: TensorType.FLOAT32, dimensions: ["rows", 1] }],
    initializers: [float32Tensor("w", [2, 1], [0.5, 2])],
    nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
  });
}

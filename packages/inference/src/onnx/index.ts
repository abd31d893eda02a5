/** ONNX files without a runtime: write a model, read what a registry needs of one. `@wasm-engine/inference/onnx`. */

export {
  appendToGraph,
  float,
  float32Tensor,
  int,
  int64Tensor,
  ints,
  writeOnnxModel,
} from "./onnx-writer.js";
export type {
  OnnxAddition,
  OnnxAttribute,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from "./onnx-writer.js";
export { readOnnxHeader } from "./onnx-reader.js";
export type { OnnxHeader, OnnxValueInfo } from "./onnx-reader.js";

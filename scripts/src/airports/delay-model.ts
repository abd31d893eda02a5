/** A fitted model of the airports as an ONNX graph: rows of features in, the probability of a late flight out. */

import { TensorType, assert } from "@wasm-engine/abi";
import { float32Tensor, writeOnnxModel } from "@wasm-engine/inference/onnx";
import type { Fit } from "./logistic-regression.js";
import { rectifiers } from "./piecewise-linear.js";
import type { Knots } from "./piecewise-linear.js";

/**
 * Bytes of the model: clamp every column to its knots, one rectifier per knot, one weighted sum, sigmoid.
 *
 *   features [batch, columns] ─ Max ─ Min ─ Gemm ─ Relu ─ Gemm ─ Sigmoid ─ probability [batch, 1]
 */
export function delayModel(name: string, fit: Fit, columns: readonly Knots[]): Uint8Array {
  const { units, offset } = rectifiers(fit.weights, columns);
  const width = columns.length;
  const selection = new Float64Array(width * units.length);
  units.forEach(({ column }, unit) => {
    selection[column * units.length + unit] = 1;
  });
  return writeOnnxModel({
    graphName: name,
    opsets: { "": 17 },
    inputs: [{ name: "features", type: TensorType.FLOAT32, dimensions: ["batch", width] }],
    outputs: [{ name: "probability", type: TensorType.FLOAT32, dimensions: ["batch", 1] }],
    initializers: [
      float32Tensor("lowest", [width], columns.map(lowest)),
      float32Tensor("highest", [width], columns.map(highest)),
      float32Tensor("columns", [width, units.length], selection),
      float32Tensor("knots", [units.length], units.map(({ knot }) => (knot === 0 ? 0 : -knot))), // prettier-ignore
      float32Tensor("slopes", [units.length, 1], units.map(({ slope }) => slope)), // prettier-ignore
      float32Tensor("offset", [1], [fit.intercept + offset]),
    ],
    nodes: [
      { operator: "Max", inputs: ["features", "lowest"], outputs: ["raised"] },
      { operator: "Min", inputs: ["raised", "highest"], outputs: ["clamped"] },
      { operator: "Gemm", inputs: ["clamped", "columns", "knots"], outputs: ["distances"] },
      { operator: "Relu", inputs: ["distances"], outputs: ["rectified"] },
      { operator: "Gemm", inputs: ["rectified", "slopes", "offset"], outputs: ["logit"] },
      { operator: "Sigmoid", inputs: ["logit"], outputs: ["probability"] },
    ],
  });
}

function lowest(knots: Knots): number {
  return edge(knots.at(0));
}

function highest(knots: Knots): number {
  return edge(knots.at(-1));
}

function edge(knot: number | undefined): number {
  assert(knot !== undefined, "a column has knots");
  return knot;
}

/** Products with the matrices of a layer, in the formats in which models are exported: nodes, and weights for them. */

import { TensorType } from "@wasm-engine/abi";
import { float32Tensor, int } from "@wasm-engine/inference/onnx";
import type { OnnxNode, OnnxTensor } from "@wasm-engine/inference/onnx";
import { blockWeights, fourBitBlocks } from "./four-bit-blocks.js";

/**
 * `q4` and `q8`: blocks of so many bits, inputs stay floats. `int8`: inputs become 8-bit numbers as well, by the
 * largest value of the whole batch, as "quantized" exports have it; a row's result then depends on the rows beside it.
 */
export type WeightFormat = "fp32" | "q4" | "q8" | "int8";

export interface Product {
  /** Name of what is multiplied; the name of the result is the matrix's. */
  readonly input: string;
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** [outputs, inputs]. */
  readonly weights: Float32Array;
}

interface GraphPart {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

export function productOf(format: WeightFormat, product: Product): GraphPart {
  if (format === "fp32") return floatProduct(product);
  return format === "int8" ? scaledProduct(product) : blockProduct(product, format === "q4" ? 4 : 8);
}

function floatProduct({ input, name, inputs, outputs, weights }: Product): GraphPart {
  return {
    initializers: [float32Tensor(`${name}.weight`, [inputs, outputs], turned(weights, inputs))],
    nodes: [{ operator: "MatMul", inputs: [input, `${name}.weight`], outputs: [name] }],
  };
}

function blockProduct({ input, name, inputs, outputs, weights }: Product, bits: 4 | 8): GraphPart {
  const { packed, scales } = bits === 4 ? fourBitBlocks(weights, inputs) : eightBitBlocks(weights);
  const dimensions = [outputs, inputs / blockWeights, (blockWeights * bits) / 8];
  return {
    initializers: [
      { name: `${name}.packed`, type: TensorType.UINT8, dimensions, data: packed },
      float32Tensor(`${name}.scales`, [scales.length], scales),
    ],
    nodes: [
      {
        operator: "MatMulNBits",
        domain: "com.microsoft",
        inputs: [input, `${name}.packed`, `${name}.scales`],
        outputs: [name],
        attributes: {
          K: int(inputs),
          N: int(outputs),
          bits: int(bits),
          block_size: int(blockWeights),
          accuracy_level: int(4),
        },
      },
    ],
  };
}

/** A value is (number - 128) × scale. */
function eightBitBlocks(weights: Float32Array): {
  readonly packed: Uint8Array;
  readonly scales: Float32Array;
} {
  const scales = new Float32Array(weights.length / blockWeights);
  const packed = new Uint8Array(weights.length);
  for (let block = 0; block < scales.length; block += 1) {
    const start = block * blockWeights;
    const scale = Math.fround(largest(weights.subarray(start, start + blockWeights)) / 127) || 1;
    scales[block] = scale;
    for (let index = start; index < start + blockWeights; index += 1)
      packed[index] = 128 + Math.round((weights[index] ?? 0) / scale);
  }
  return { packed, scales };
}

function scaledProduct({ input, name, inputs, outputs, weights }: Product): GraphPart {
  const scale = Math.fround(largest(weights) / 127) || 1;
  const numbers = Int8Array.from(turned(weights, inputs), (value) => Math.round(value / scale));
  const at = (part: string): string => `${name}.${part}`;
  const node = (operator: string, from: readonly string[], ...to: readonly string[]): OnnxNode => ({
    operator,
    inputs: from,
    outputs: to,
  });
  return {
    initializers: [
      {
        name: at("numbers"),
        type: TensorType.INT8,
        dimensions: [inputs, outputs],
        data: new Uint8Array(numbers.buffer),
      },
      { name: at("middle"), type: TensorType.INT8, dimensions: [], data: new Uint8Array(1) },
      float32Tensor(at("scale"), [], [scale]),
    ],
    nodes: [
      node("DynamicQuantizeLinear", [input], at("quantised"), at("step"), at("zero")),
      node("MatMulInteger", [at("quantised"), at("numbers"), at("zero"), at("middle")], at("sums")),
      { ...node("Cast", [at("sums")], at("floats")), attributes: { to: int(TensorType.FLOAT32) } },
      node("Mul", [at("step"), at("scale")], at("factor")),
      node("Mul", [at("floats"), at("factor")], name),
    ],
  };
}

function largest(values: Float32Array): number {
  let found = 0;
  for (const value of values) found = Math.max(found, Math.abs(value));
  return found;
}

/** [outputs, inputs] to [inputs, outputs]. */
function turned(weights: Float32Array, inputs: number): Float32Array {
  const outputs = weights.length / inputs;
  const result = new Float32Array(weights.length);
  for (let row = 0; row < outputs; row += 1)
    for (let column = 0; column < inputs; column += 1)
      result[column * outputs + row] = weights[row * inputs + column] ?? 0;
  return result;
}

/**
 * Vectors of tokens to one vector of a text, and scores to shares: float64 in a fixed order, with operations that every
 * machine rounds alike.
 */

import { TensorType, unreachable } from "@wasm-engine/abi";
import { halfValue } from "../request/element-value.js";
import { exponential } from "../text/exponential.js";
import type { ClassRule, Pooling } from "./encoder-settings.js";

/** Numbers of a tensor of float32 or float16, little endian. */
export function numbersOf(data: Uint8Array, type: TensorType): Float64Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const isHalf = type === TensorType.FLOAT16;
  return Float64Array.from({ length: data.length / (isHalf ? 2 : 4) }, (_, index) =>
    isHalf ? halfValue(view.getUint16(index * 2, true)) : view.getFloat32(index * 4, true),
  );
}

/** `vectors` holds those of every token, one after the other; the first `tokens` are the text's. */
export function pooled(vectors: Float64Array, width: number, tokens: number, pooling: Pooling): Float64Array {
  const size = vectors.length / width;
  const at = (token: number): Float64Array => vectors.slice(token * size, (token + 1) * size);
  if (pooling === "cls") return at(0);
  if (pooling === "last") return at(tokens - 1);
  const sum = new Float64Array(size);
  for (let token = 0; token < tokens; token += 1)
    for (let index = 0; index < size; index += 1)
      sum[index] = (sum[index] ?? 0) + (vectors[token * size + index] ?? 0);
  return sum.map((value) => value / tokens);
}

/** Length 1; a vector of nothing but zeros stays one. */
export function normalized(vector: Float64Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}

export function shares(scores: Float64Array, rule: ClassRule): Float64Array {
  switch (rule) {
    case "raw":
      return scores;
    case "sigmoid":
      return scores.map((score) => 1 / (1 + exponential(-score)));
    case "softmax": {
      const most = scores.reduce((greatest, score) => Math.max(greatest, score), -Infinity);
      const powers = scores.map((score) => exponential(score - most));
      const sum = powers.reduce((total, power) => total + power, 0);
      return powers.map((power) => power / sum);
    }
    default:
      return unreachable(rule);
  }
}

/** The shortest text that is the same float32 again: nine digits are always enough. */
export function float32Number(value: number): number {
  return Number(Math.fround(value).toPrecision(9));
}

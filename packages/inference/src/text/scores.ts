/** Scores as a model writes them, as float64 for the sampler. */

import { TensorType } from "@wasm-engine/abi";
import { halfValue } from "../request/element-value.js";
import type { DecoderShape } from "./decoder-shape.js";

export function scoresOf(bytes: Uint8Array, type: DecoderShape["scores"]): Float64Array {
  // A copy: rows of a batch need not begin where an array of floats may.
  const { buffer } = Uint8Array.from(bytes);
  if (type === TensorType.FLOAT32) return Float64Array.from(new Float32Array(buffer));
  return Float64Array.from(new Uint16Array(buffer), halfValue);
}

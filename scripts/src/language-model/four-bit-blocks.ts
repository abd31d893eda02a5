/**
 * Weights in blocks of 4 bits, as the operator MatMulNBits takes them: per output a row of blocks, each with a scale
 * and no zero point; a value is (number - 8) × scale, the even one of two numbers in the low half of its byte.
 */

import { assert } from "@wasm-engine/abi";

/** Weights of one output that share a scale. */
export const blockWeights = 32;

export interface FourBitBlocks {
  /** [outputs, blocks, bytes of a block]. */
  readonly packed: Uint8Array;
  /** [outputs × blocks]. */
  readonly scales: Float32Array;
}

/** `weights` are [outputs, inputs]; inputs are a multiple of {@link blockWeights}. */
export function fourBitBlocks(weights: Float32Array, inputs: number): FourBitBlocks {
  assert(inputs % blockWeights === 0 && weights.length % inputs === 0, "rows are whole blocks");
  const packed = new Uint8Array(weights.length / 2);
  const scales = new Float32Array(weights.length / blockWeights);
  for (let block = 0; block < scales.length; block += 1) {
    const values = weights.subarray(block * blockWeights, (block + 1) * blockWeights);
    const scale = bestScale(values);
    scales[block] = scale;
    values.forEach((value, place) => {
      const shift = place % 2 === 0 ? 0 : 4;
      const byte = block * (blockWeights / 2) + (place >> 1);
      packed[byte] = (packed[byte] ?? 0) | (numberOf(value, scale) << shift);
    });
  }
  return { packed, scales };
}

const numberOf = (value: number, scale: number): number =>
  Math.min(Math.max(Math.round(value / scale) + 8, 0), 15);

/** The float32 scale of least squared error out of some near to that which gives the largest value the number 0. */
function bestScale(values: Float32Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(largest)) largest = value;
  if (largest === 0) return 1;
  let best = 1;
  let least = Infinity;
  for (let part = 0; part <= 24; part += 1) {
    const scale = Math.fround((largest / -8) * (0.75 + part / 80));
    let error = 0;
    for (const value of values) error += ((numberOf(value, scale) - 8) * scale - value) ** 2;
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

/**
 * Logistic regression with a ridge, by Newton's method. The penalised likelihood is strictly concave, so there is
 * one optimum and no random start; sums run in the order of the rows, so its bits are the same everywhere.
 */

import { assert } from "@wasm-engine/abi";
import { logistic } from "./exponential.js";

export interface Sample {
  readonly inputs: Float64Array;
  /** 0 or 1. */
  readonly outcome: number;
}

export interface Fit {
  readonly intercept: number;
  readonly weights: Float64Array;
}

/** Newton steps after which the largest change of a weight must be below {@link tolerance}. */
const stepsMax = 50;
const tolerance = 1e-10;

/** Most likely weights minus `ridge` / 2 × their squares; the intercept is free. */
export function fitLogistic(samples: readonly Sample[], ridge: number): Fit {
  const width = samples[0]?.inputs.length ?? 0;
  assert(width > 0, "there are samples with inputs");
  assert(ridge > 0, "the ridge makes the optimum unique");
  const parameters = new Float64Array(width + 1); // the intercept is the last
  for (let step = 0; step < stepsMax; step += 1) {
    const { gradient, curvature } = derivatives(samples, parameters, ridge);
    const change = solve(curvature, gradient);
    let largest = 0;
    for (let index = 0; index <= width; index += 1) {
      parameters[index] = get(parameters, index) + get(change, index);
      largest = Math.max(largest, Math.abs(get(change, index)));
    }
    if (largest < tolerance)
      return { intercept: get(parameters, width), weights: parameters.slice(0, width) };
  }
  throw new RangeError(`logistic regression has not converged in ${stepsMax} steps`);
}

/** Probability of outcome 1. */
export function predict({ intercept, weights }: Fit, inputs: Float64Array): number {
  let sum = intercept;
  for (let index = 0; index < weights.length; index += 1) sum += get(weights, index) * get(inputs, index);
  return logistic(sum);
}

/** Gradient, and minus the second derivatives (their lower triangle), of the penalised log likelihood. */
function derivatives(
  samples: readonly Sample[],
  parameters: Float64Array,
  ridge: number,
): { readonly gradient: Float64Array; readonly curvature: Float64Array[] } {
  const width = parameters.length - 1;
  const gradient = new Float64Array(width + 1);
  const curvature = Array.from(gradient, () => new Float64Array(width + 1));
  for (let index = 0; index < width; index += 1) {
    gradient[index] = -ridge * get(parameters, index);
    add(curvature[index], index, ridge);
  }
  const present = new Int32Array(width + 1);
  for (const { inputs, outcome } of samples) {
    let count = 0;
    let sum = get(parameters, width);
    for (let index = 0; index < width; index += 1) {
      if (inputs[index] === 0) continue;
      present[count] = index;
      count += 1;
      sum += get(parameters, index) * get(inputs, index);
    }
    present[count] = width;
    const probability = logistic(sum);
    const spread = probability * (1 - probability);
    for (let left = 0; left <= count; left += 1) {
      const row = get(present, left);
      const value = left === count ? 1 : get(inputs, row);
      add(gradient, row, (outcome - probability) * value);
      for (let right = 0; right <= left; right += 1) {
        const column = get(present, right);
        add(curvature[row], column, spread * value * (right === count ? 1 : get(inputs, column)));
      }
    }
  }
  return { gradient, curvature };
}

/** Solves a symmetric positive definite system, of which the lower triangle is given, by Cholesky's method. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const factor = matrix.map((row) => row.slice());
  const result = right.slice();
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let rest = get(factor[row], column);
      for (let index = 0; index < column; index += 1)
        rest -= get(factor[row], index) * get(factor[column], index);
      if (row === column) assert(rest > 0, "the ridge keeps the system definite");
      set(factor[row], column, row === column ? Math.sqrt(rest) : rest / get(factor[column], column));
    }
  }
  for (let row = 0; row < size; row += 1) {
    let rest = get(result, row);
    for (let index = 0; index < row; index += 1) rest -= get(factor[row], index) * get(result, index);
    result[row] = rest / get(factor[row], row);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let rest = get(result, row);
    for (let index = row + 1; index < size; index += 1) rest -= get(factor[index], row) * get(result, index);
    result[row] = rest / get(factor[row], row);
  }
  return result;
}

function get(values: ArrayLike<number> | undefined, index: number): number {
  return values?.[index] ?? Number.NaN;
}

function set(values: Float64Array | undefined, index: number, value: number): void {
  if (values !== undefined) values[index] = value;
}

function add(values: Float64Array | undefined, index: number, value: number): void {
  if (values !== undefined) values[index] = get(values, index) + value;
}

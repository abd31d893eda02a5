/**
 * Chooses the next token from a model's scores, in float64 and in a fixed order of steps: repetition penalty, bias,
 * what a format forbids, then the best token, or temperature, top-k, top-p, min-p and one draw. Equal scores favour
 * the lowest id. What is kept is walked in the order of ids, so the choice is a function of scores, rule and draw on
 * every machine.
 */

import { assert } from "@wasm-engine/abi";
import { inferenceError } from "../errors.js";
import { exponential } from "./exponential.js";
import type { SamplingRule } from "./sampling.js";

export interface TokenChoice {
  readonly rule: SamplingRule;
  /** Tokens of prompt and answer so far; asked only where the rule has a penalty. */
  readonly seen: Iterable<number>;
  /** Sets scores of tokens that must not be chosen to -Infinity. */
  readonly restrict?: ((scores: Float64Array) => void) | undefined;
  /** From 0 up to but not including 1; called where chance decides. */
  readonly draw: () => number;
}

/** Id of the chosen token. Changes `scores`. @throws {WE_TEXT_LOGITS} where they are no distribution. */
export function chooseToken(scores: Float64Array, { rule, seen, restrict, draw }: TokenChoice): number {
  checkScores(scores);
  if (rule.repetitionPenalty !== 1) penalise(scores, new Set(seen), rule.repetitionPenalty);
  for (const [id, bias] of rule.logitBias) scores[id] = (scores[id] ?? 0) + bias;
  restrict?.(scores);
  const best = bestToken(scores);
  if (rule.temperature === 0 || rule.topK === 1) return best;
  // By scores, which are in the order of weights: what is cut off needs no weight.
  if (rule.topK > 0 && rule.topK < scores.length) keepLargest(scores, rule.topK, -Infinity);
  const weights = weightsOf(scores, scores[best] ?? 0, rule.temperature);
  if (rule.topP < 1) keepLargest(weights, nucleusSize(weights, rule.topP), 0);
  if (rule.minP > 0)
    for (let id = 0; id < weights.length; id += 1) if ((weights[id] ?? 0) < rule.minP) weights[id] = 0;
  return pick(weights, draw(), best);
}

/** The highest score; of equal ones that of the lowest id. */
export function bestToken(scores: Float64Array): number {
  let best = 0;
  for (let id = 1; id < scores.length; id += 1) if ((scores[id] ?? 0) > (scores[best] ?? 0)) best = id;
  return best;
}

function checkScores(scores: Float64Array): void {
  let finite = false;
  for (let id = 0; id < scores.length; id += 1) {
    const score = scores[id] ?? 0;
    // -Infinity forbids a token, which exports with masks of their own do.
    if (Number.isNaN(score) || score === Infinity)
      throw inferenceError("WE_TEXT_LOGITS", { found: `${score} for token ${id}` });
    finite ||= score !== -Infinity;
  }
  if (!finite) throw inferenceError("WE_TEXT_LOGITS", { found: "no score above -Infinity" });
}

function penalise(scores: Float64Array, seen: ReadonlySet<number>, penalty: number): void {
  for (const id of seen) {
    const score = scores[id];
    if (score !== undefined) scores[id] = score > 0 ? score / penalty : score * penalty;
  }
}

/** Relative to the best, whose weight is 1: no temperature is so low that this overflows. */
function weightsOf(scores: Float64Array, best: number, temperature: number): Float64Array {
  return scores.map((score) => exponential((score - best) / temperature));
}

/** Sets all but the `count` largest to `dropped`; of equal ones the lowest ids stay. */
function keepLargest(values: Float64Array, count: number, dropped: number): void {
  const least = kthLargest(values, count);
  let equal = count;
  for (const value of values) if (value > least) equal -= 1;
  for (let id = 0; id < values.length; id += 1) {
    const value = values[id] ?? 0;
    if (value > least) continue;
    if (value === least && equal > 0) equal -= 1;
    else values[id] = dropped;
  }
}

/** How many of the largest weights it takes to have the share `topP` of all. */
function nucleusSize(weights: Float64Array, topP: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  // What is below this bound has less than the rest of the share in all: it needs no sorting. Half, for rounding.
  const bound = ((1 - topP) * total) / weights.length / 2;
  const sorted = weights.filter((weight) => weight > 0 && weight >= bound).sort();
  let sum = 0;
  for (let count = 1; count <= sorted.length; count += 1) {
    sum += sorted[sorted.length - count] ?? 0;
    if (sum >= topP * total) return count;
  }
  return sorted.length;
}

/** By a heap of the `count` largest so far, the least of them on top. */
function kthLargest(weights: Float64Array, count: number): number {
  assert(count >= 1 && count <= weights.length, "a place within the list");
  const heap = weights.slice(0, count).sort();
  for (let id = count; id < weights.length; id += 1) {
    const weight = weights[id] ?? 0;
    if (weight > (heap[0] ?? 0)) sink(heap, weight);
  }
  return heap[0] ?? 0;
}

/** Puts `weight` in the place of the top. */
function sink(heap: Float64Array, weight: number): void {
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    if (left >= heap.length) break;
    const child = left + 1 < heap.length && (heap[left + 1] ?? 0) < (heap[left] ?? 0) ? left + 1 : left;
    const least = heap[child] ?? 0;
    if (least >= weight) break;
    heap[place] = least;
    place = child;
  }
  heap[place] = weight;
}

function pick(weights: Float64Array, draw: number, best: number): number {
  let total = 0;
  for (const weight of weights) total += weight;
  const mark = draw * total;
  let sum = 0;
  for (let id = 0; id < weights.length; id += 1) {
    sum += weights[id] ?? 0;
    if (sum > mark) return id;
  }
  // A draw just below 1 may round up to the whole.
  return best;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitLogistic, predict } from "./logistic-regression.js";
import type { Sample } from "./logistic-regression.js";

/** Outcomes in the proportions that the logistic function of 0.5 + 2a − b gives, by a fixed sequence. */
function drawn(count: number): Sample[] {
  let state = 12345;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const inputs = Float64Array.of(next(), next());
    const probability = 1 / (1 + Math.exp(-(0.5 + 2 * (inputs[0] ?? 0) - (inputs[1] ?? 0))));
    return { inputs, outcome: next() < probability ? 1 : 0 };
  });
}

test("logistic regression finds the weights that made the data", () => {
  const fit = fitLogistic(drawn(40_000), 1e-6);
  for (const [found, made] of [
    [fit.intercept, 0.5],
    [fit.weights[0], 2],
    [fit.weights[1], -1],
  ])
    // prettier-ignore
    assert.ok(Math.abs((found ?? 0) - (made ?? 0)) < 0.15, `${found} for ${made}`);
});

test("logistic regression: the mean prediction is the share of the outcome, as the free intercept demands", () => {
  const samples = drawn(2_000);
  const fit = fitLogistic(samples, 5);
  const mean = samples.reduce((sum, { inputs }) => sum + predict(fit, inputs), 0) / samples.length;
  const share = samples.reduce((sum, { outcome }) => sum + outcome, 0) / samples.length;
  assert.ok(Math.abs(mean - share) < 1e-9);
});

test("logistic regression: a larger ridge gives smaller weights; none is refused", () => {
  const samples = drawn(2_000);
  const size = (ridge: number): number => Math.hypot(...fitLogistic(samples, ridge).weights);
  assert.ok(size(100) < size(10) && size(10) < size(1));
  assert.throws(() => fitLogistic(samples, 0), /ridge/);
  assert.throws(() => fitLogistic([], 1), /samples/);
});

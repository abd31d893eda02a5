import assert from "node:assert/strict";
import { test } from "node:test";
import { exponential, logistic } from "./exponential.js";

test("exponential: within 2 units in the last place of the platform's, exact at 0", () => {
  assert.equal(exponential(0), 1);
  for (let step = -7000; step <= 7000; step += 1) {
    const x = step / 10.3;
    const expected = Math.exp(x);
    assert.ok(Math.abs(exponential(x) / expected - 1) <= 2 * 2 ** -52, `e^${x}: ${exponential(x)}`);
  }
});

test("exponential: the bits are these, whatever the platform", () => {
  const bits = [-1.3, 0.1, 1, 2.5, 10].map((x) => new DataView(Float64Array.of(exponential(x)).buffer));
  assert.deepEqual(
    bits.map((view) => view.getBigUint64(0, true).toString(16)),
    ["3fd17129308ce281", "3ff1aec7b35a00d4", "4005bf0a8b14576a", "40285d6fd931e0bb", "40d5829dcf950560"],
  );
});

test("logistic: symmetric, bounded, finite far out", () => {
  assert.equal(logistic(0), 0.5);
  assert.ok(Math.abs(logistic(2) + logistic(-2) - 1) < 1e-15);
  assert.equal(logistic(1e9), 1);
  assert.ok(logistic(-1e9) > 0 && logistic(-1e9) < 1e-300);
});

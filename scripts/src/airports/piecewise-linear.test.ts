import assert from "node:assert/strict";
import { test } from "node:test";
import { rectifiers, spread } from "./piecewise-linear.js";

const columns = [
  [0, 2, 5],
  [-1, 1],
];

test("a row is spread over the knots around its values; beyond the last knot nothing changes", () => {
  assert.deepEqual([...spread([1, 0], columns)], [0.5, 0.5, 0, 0.5, 0.5]);
  assert.deepEqual([...spread([5, -1], columns)], [0, 0, 1, 1, 0]);
  assert.deepEqual([...spread([99, -99], columns)], [...spread([5, -1], columns)]);
  assert.deepEqual([...spread([2, 1], columns)], [0, 1, 0, 0, 1]);
});

test("rectifiers are the same function", () => {
  const values = [0.3, -0.7, 1.1, 0.2, 0.9];
  const { units, offset } = rectifiers(values, columns);
  for (const row of [
    [0, -1],
    [1, 0],
    [2, 1],
    [3.7, 0.25],
    [5, 1],
  ]) {
    // prettier-ignore
    const spreadSum = spread(row, columns).reduce((sum, weight, index) => sum + weight * (values[index] ?? 0), 0);
    const unitSum = units.reduce(
      (sum, { column, knot, slope }) => sum + slope * Math.max(0, (row[column] ?? 0) - knot),
      offset,
    );
    assert.ok(Math.abs(spreadSum - unitSum) < 1e-12, `${row.join()}: ${spreadSum} and ${unitSum}`);
  }
});

test("a value that is no number is refused", () => {
  assert.throws(() => spread([Number.NaN, 0], columns), /column 0 holds a number/);
});

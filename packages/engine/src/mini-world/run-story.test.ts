import assert from "node:assert/strict";
import { test } from "node:test";
import { pathDifferences } from "../diff/path-difference.js";
import { firstDifference } from "./run-story.js";

test("a member that only one value has is missing in the other, whatever it is called", () => {
  const [without, having] = [{ state: {} }, { state: { constructor: 1 } }];
  const there = { path: "state.constructor", expected: undefined, actual: 1 };
  assert.deepEqual(firstDifference(without, having), there);
  assert.deepEqual(pathDifferences(without, having), [{ path: "state.constructor", right: 1 }]);
});

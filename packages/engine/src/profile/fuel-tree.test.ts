/** The tree of call paths: exact sums under recursion, cut paths and too many paths. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FuelTree } from "./fuel-tree.js";
import type { FuelTreeData } from "./fuel-tree.js";
import { nodesMax, pathDepthMax } from "./limits.js";

function treeWith(count: number): FuelTree {
  const tree = new FuelTree();
  const names = Array.from({ length: count }, (_, index) => ({ module: "m", index, name: `f${index}` }));
  assert.equal(tree.addFrames(names), 0);
  return tree;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function depthOf({ parents }: FuelTreeData, node: number): number {
  let depth = 0;
  for (let at = node; at > 0; at = parents[at] ?? 0) depth += 1;
  return depth;
}

test("[G7] a function's total counts fuel once however often it stands on the stack", () => {
  const tree = treeWith(2);
  // f0 5 ( f1 7 ( f0 11 ) f1 13 ) f1 17: the second call of f0 lies inside of the first.
  tree.enter(0);
  tree.charge(5);
  tree.enter(1);
  tree.charge(7);
  tree.enter(0);
  tree.charge(11);
  tree.leave();
  tree.charge(13);
  tree.leave();
  tree.leave();
  tree.enter(1);
  tree.charge(17);
  tree.leave();
  assert.deepEqual(
    tree.frames().map(({ calls, selfFuel, totalFuel }) => [calls, selfFuel, totalFuel]),
    [
      [2, 16, 36],
      [2, 37, 48],
    ],
  );
  const { parents, nodes, calls, selfFuel } = tree.data();
  assert.deepEqual(
    { parents, nodes, calls, selfFuel },
    {
      parents: [-1, 0, 1, 2, 0],
      nodes: [-1, 0, 1, 0, 1],
      calls: [0, 1, 1, 1, 1],
      selfFuel: [0, 5, 20, 11, 17],
    },
  );
});

test("[G6] what a trap leaves open is closed, and totals hold what was charged until then", () => {
  const tree = treeWith(2);
  for (let times = 0; times < 2; times += 1) {
    tree.enter(0);
    tree.enter(1);
    tree.charge(3);
    tree.unwind();
  }
  assert.deepEqual(
    tree.frames().map(({ calls, selfFuel, totalFuel }) => [calls, selfFuel, totalFuel]),
    [
      [2, 0, 6],
      [2, 6, 6],
    ],
  );
});

test("[G6] recursion deeper than any path keeps exact sums in a bounded tree", () => {
  const tree = treeWith(3);
  const deep = 100_000;
  for (let depth = 0; depth < deep; depth += 1) {
    tree.enter(depth % 3);
    tree.charge(2);
  }
  for (let depth = 0; depth < deep; depth += 1) tree.leave();
  const data = tree.data();
  assert.equal(sumOf(data.selfFuel), 2 * deep);
  assert.equal(sumOf(data.calls), deep);
  assert.ok(data.nodes.length < pathDepthMax + 10);
  assert.equal(Math.max(...data.nodes.map((_, node) => depthOf(data, node))), pathDepthMax + 1);
  const [first] = tree.frames();
  assert.deepEqual([first?.calls, first?.selfFuel, first?.totalFuel], [33_334, 66_668, 2 * deep]);
});

test("[G6] more paths than nodes are kept by their function alone, and nothing is lost", () => {
  const side = 600;
  const tree = treeWith(side);
  for (let outer = 0; outer < side; outer += 1) {
    tree.enter(outer);
    for (let inner = 0; inner < side; inner += 1) {
      tree.enter(inner);
      tree.charge(1);
      tree.leave();
    }
    tree.leave();
  }
  const data = tree.data();
  assert.ok(side * side > nodesMax);
  assert.ok(data.nodes.length <= nodesMax + side + 1);
  assert.equal(sumOf(data.selfFuel), side * side);
  assert.ok(data.elided > 0);
  assert.deepEqual([data.parents[data.elided], data.nodes[data.elided]], [0, -1]);
  assert.ok(data.nodes.some((_, node) => data.parents[node] === data.elided));
  for (const { calls, selfFuel, totalFuel } of tree.frames()) {
    assert.deepEqual([calls, selfFuel], [side + 1, side]);
    // As callee everywhere, and as caller of all others.
    assert.equal(totalFuel, 2 * side - 1);
  }
});

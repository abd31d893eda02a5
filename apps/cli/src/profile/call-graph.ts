/** The tree of a profile with children and totals, in one order: what graphs and folded stacks are made of. */

import type { FrameName, FuelTreeData } from "@wasm-engine/engine";
import { visible } from "../visible.js";

export interface GraphNode {
  readonly module: string;
  readonly name: string;
  readonly calls: number;
  readonly selfFuel: number;
  readonly totalFuel: number;
  /** By module, name, index. */
  readonly inner: readonly GraphNode[];
}

type Growing = { -readonly [Field in keyof GraphNode]: GraphNode[Field] } & {
  inner: Growing[];
  readonly index: number;
};

const ROOT: FrameName = { module: "", index: -1, name: "run" };
/** What the tree keeps by function alone, because there were too many paths. */
const ELIDED: FrameName = { module: "", index: -1, name: "[further paths]" };

/** The root with everything below it. */
export function callGraph(tree: FuelTreeData): GraphNode {
  const nodes = tree.nodes.map((frame, node): Growing => {
    const { module, index, name } = tree.frames[frame] ?? (node === 0 ? ROOT : ELIDED);
    const selfFuel = tree.selfFuel[node] ?? 0;
    const calls = tree.calls[node] ?? 0;
    return { module, name: visible(name, ""), index, calls, selfFuel, totalFuel: selfFuel, inner: [] };
  });
  // Parents come before their children: backwards, every sum is complete when it is added.
  for (let node = nodes.length - 1; node > 0; node -= 1) {
    const parent = nodes[tree.parents[node] ?? 0];
    const child = nodes[node];
    if (parent === undefined || child === undefined) continue;
    parent.totalFuel += child.totalFuel;
    parent.inner.push(child);
  }
  for (const { inner } of nodes) inner.sort(inOrder);
  return nodes[0] ?? { ...ROOT, calls: 0, selfFuel: 0, totalFuel: 0, inner: [] };
}

function inOrder(left: Growing, right: Growing): number {
  return compare(left.module, right.module) || compare(left.name, right.name) || left.index - right.index;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * One line per path that has fuel of its own: frames from the outermost, separated by semicolons, then the fuel. The
 * first frame is the module.
 */
export function foldedStacks(graph: GraphNode): string {
  const lines: string[] = [];
  const walk = ({ inner, selfFuel }: GraphNode, path: string): void => {
    if (selfFuel > 0) lines.push(`${path} ${selfFuel}`);
    for (const child of inner)
      walk(child, `${path === "" ? plain(child.module) : path};${plain(child.name)}`);
  };
  walk(graph, "");
  return lines.map((line) => `${line}\n`).join("");
}

/** Semicolons and white space separate in folded stacks. */
function plain(name: string): string {
  return name === "" ? "-" : name.replaceAll(";", ":").replaceAll(/\s/g, "_");
}

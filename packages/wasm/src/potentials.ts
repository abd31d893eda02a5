/**
 * Differences between points, known for connected ones: union-find whose edges carry a number. `connect(a, b, d)`
 * says that b lies d above a.
 */

import { assert } from "@wasm-engine/abi";

export class Potentials {
  readonly #parent: Uint32Array;
  /** Height above the parent. */
  readonly #above: Float64Array;
  readonly #path: Uint32Array;

  constructor(points: number) {
    this.#parent = new Uint32Array(points);
    this.#above = new Float64Array(points);
    this.#path = new Uint32Array(points);
  }

  reset(points: number): void {
    for (let point = 0; point < points; point++) this.#parent[point] = point;
    this.#above.fill(0, 0, points);
  }

  /** False: they are connected already, perhaps by another difference. */
  connect(a: number, b: number, difference: number): boolean {
    const [rootA, rootB] = [this.#root(a), this.#root(b)];
    if (rootA === rootB) return false;
    // b = a + difference, both in terms of their roots
    this.#parent[rootB] = rootA;
    this.#above[rootB] = (this.#above[a] ?? 0) + difference - (this.#above[b] ?? 0);
    return true;
  }

  /** How far b lies above a. They must be connected. */
  difference(a: number, b: number): number {
    assert(this.#root(a) === this.#root(b), "points are connected");
    return (this.#above[b] ?? 0) - (this.#above[a] ?? 0);
  }

  /** Afterwards the point's parent is the root, and `#above` its height above it. */
  #root(point: number): number {
    const [parent, above, path] = [this.#parent, this.#above, this.#path];
    let length = 0;
    let at = point;
    while (parent[at] !== at) {
      path[length] = at;
      length += 1;
      at = parent[at] ?? 0;
    }
    let height = 0;
    for (let index = length - 1; index >= 0; index--) {
      const passed = path[index] ?? 0;
      height += above[passed] ?? 0;
      above[passed] = height;
      parent[passed] = at;
    }
    return at;
  }
}

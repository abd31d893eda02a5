/**
 * Fuel by call path. A node is a function as it was reached through its callers; it counts calls and the fuel of its
 * own code. The tree is bounded: below `pathDepthMax` callers are left out, and when there are `nodesMax` nodes,
 * further paths are kept by their function alone. Own fuel, calls, and totals of functions stay exact in both cases.
 */

import { assert } from "@wasm-engine/abi";
import { nodesMax, pathDepthMax } from "./limits.js";

/** A function, or what stands for work of the host: its index is -1. */
export interface FrameName {
  /** Name of the module in the run. */
  readonly module: string;
  /** In the original module's function space; -1: no function. */
  readonly index: number;
  readonly name: string;
}

/** The tree as plain data: node n has `parents[n]`, which is smaller than n; node 0 is the root and has -1. */
export interface FuelTreeData {
  readonly frames: readonly FrameName[];
  readonly parents: readonly number[];
  /** Index in `frames`; -1 for the root and for `elided`. */
  readonly nodes: readonly number[];
  readonly calls: readonly number[];
  readonly selfFuel: readonly number[];
  /** Node below which paths are kept by their function alone; 0: there are none. */
  readonly elided: number;
}

const ROOT = 0;
const NONE = -1;

export class FuelTree {
  readonly #frames: FrameName[] = [];
  #parents = new Int32Array(1024);
  #nodes = new Int32Array(1024);
  #calls = new Float64Array(1024);
  #selfFuel = new Float64Array(1024);
  /** Open addressing: node by (parent, frame), 0 where a place is free. */
  #table = new Int32Array(4096);
  #length = 1;
  #elided = 0;
  /** Nodes of the running call, outermost first. */
  #stack = new Int32Array(256);
  #depth = 0;
  /** Per frame: how often it is on the stack, the fuel clock when it came there first, fuel with its callees. */
  #active = new Int32Array(64);
  #entered = new Float64Array(64);
  #total = new Float64Array(64);
  #clock = 0;

  constructor() {
    this.#parents[ROOT] = NONE;
    this.#nodes[ROOT] = NONE;
  }

  /** Fuel of everything so far. */
  get fuel(): number {
    return this.#clock;
  }

  /** Makes room for functions; gives the frame of the first. */
  addFrames(frames: readonly FrameName[]): number {
    const first = this.#frames.length;
    this.#frames.push(...frames);
    const count = this.#frames.length;
    this.#active = grown(this.#active, count);
    this.#entered = grown(this.#entered, count);
    this.#total = grown(this.#total, count);
    return first;
  }

  nameOf(frame: number): string {
    return this.#frames[frame]?.name ?? "";
  }

  enter(frame: number): void {
    const depth = this.#depth;
    const above = Math.min(depth, pathDepthMax) - 1;
    const node = this.#child(above < 0 ? ROOT : (this.#stack[above] ?? ROOT), frame);
    if (depth === this.#stack.length) this.#stack = grown(this.#stack, depth + 1);
    this.#stack[depth] = node;
    this.#depth = depth + 1;
    this.#calls[node] = (this.#calls[node] ?? 0) + 1;
    const active = this.#active[frame] ?? 0;
    if (active === 0) this.#entered[frame] = this.#clock;
    this.#active[frame] = active + 1;
  }

  leave(): void {
    assert(this.#depth > 0, "what is left was entered");
    this.#depth -= 1;
    const frame = this.#nodes[this.#stack[this.#depth] ?? ROOT] ?? NONE;
    const active = (this.#active[frame] ?? 0) - 1;
    this.#active[frame] = active;
    if (active > 0) return;
    this.#total[frame] = (this.#total[frame] ?? 0) + this.#clock - (this.#entered[frame] ?? 0);
  }

  /** Fuel of the function that is running. */
  charge(fuel: number): void {
    assert(this.#depth > 0, "fuel is charged in a function");
    const node = this.#stack[this.#depth - 1] ?? ROOT;
    this.#selfFuel[node] = (this.#selfFuel[node] ?? 0) + fuel;
    this.#clock += fuel;
  }

  /** Leaves everything that is left open: a call that ended in a trap. */
  unwind(): void {
    while (this.#depth > 0) this.leave();
  }

  /** Sums by frame. */
  frames(): { readonly name: FrameName; calls: number; selfFuel: number; totalFuel: number }[] {
    assert(this.#depth === 0, "sums are read between calls");
    const sums = this.#frames.map((name, frame) => {
      return { name, calls: 0, selfFuel: 0, totalFuel: this.#total[frame] ?? 0 };
    });
    for (let node = 1; node < this.#length; node += 1) {
      const sum = sums[this.#nodes[node] ?? NONE];
      if (sum === undefined) continue;
      sum.calls += this.#calls[node] ?? 0;
      sum.selfFuel += this.#selfFuel[node] ?? 0;
    }
    return sums;
  }

  data(): FuelTreeData {
    const length = this.#length;
    return {
      frames: this.#frames,
      parents: [...this.#parents.subarray(0, length)],
      nodes: [...this.#nodes.subarray(0, length)],
      calls: [...this.#calls.subarray(0, length)],
      selfFuel: [...this.#selfFuel.subarray(0, length)],
      elided: this.#elided,
    };
  }

  #child(parent: number, frame: number): number {
    const place = this.#place(parent, frame);
    const known = this.#table[place] ?? 0;
    if (known !== 0) return known;
    if (this.#length >= nodesMax && parent !== this.#elided) {
      if (this.#elided === 0) this.#elided = this.#add(ROOT, NONE);
      return this.#child(this.#elided, frame);
    }
    const node = this.#add(parent, frame);
    this.#table[place] = node;
    if (2 * this.#length > this.#table.length) this.#spread();
    return node;
  }

  #add(parent: number, frame: number): number {
    const node = this.#length;
    this.#length += 1;
    this.#parents = grown(this.#parents, this.#length);
    this.#nodes = grown(this.#nodes, this.#length);
    this.#calls = grown(this.#calls, this.#length);
    this.#selfFuel = grown(this.#selfFuel, this.#length);
    this.#parents[node] = parent;
    this.#nodes[node] = frame;
    return node;
  }

  /** Where the node is, or where it belongs. */
  #place(parent: number, frame: number): number {
    const mask = this.#table.length - 1;
    let place = (Math.imul(parent, 0x9e37_79b1) ^ Math.imul(frame, 0x85eb_ca6b)) >>> 0;
    for (place = (place ^ (place >>> 15)) & mask; ; place = (place + 1) & mask) {
      const node = this.#table[place] ?? 0;
      if (node === 0 || (this.#parents[node] === parent && this.#nodes[node] === frame)) return place;
    }
  }

  #spread(): void {
    this.#table = new Int32Array(2 * this.#table.length);
    for (let node = 1; node < this.#length; node += 1) {
      if (node === this.#elided) continue;
      this.#table[this.#place(this.#parents[node] ?? 0, this.#nodes[node] ?? 0)] = node;
    }
  }
}

/** The same array, or a longer one with the same content. */
function grown<Values extends Int32Array | Float64Array>(values: Values, length: number): Values {
  if (length <= values.length) return values;
  const longer = Math.max(length, 2 * values.length);
  // Both constructors take the same; which one it was, the result tells.
  const copy = (values instanceof Int32Array ? new Int32Array(longer) : new Float64Array(longer)) as Values;
  copy.set(values);
  return copy;
}

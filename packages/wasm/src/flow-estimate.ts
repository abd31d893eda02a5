/**
 * What can be said of a function's control flow without running it: which parts always end in a trap, how often each
 * part runs relative to the entry (a guess, it decides only where code goes), and what is certainly still to be paid.
 */

import { ENTRY, OUTSIDE } from "./flow-graph.js";
import type { FlowGraph } from "./flow-graph.js";
import { SegmentMark } from "./flow-graph.js";

/** Iterations of a loop, guessed. */
const loopWeight = 8;
const weightMax = 2 ** 60;
/** Share of those who take a way to where every path ends in a trap. */
const trapShare = 1 / 64;

export class FlowEstimate {
  readonly #graph: FlowGraph;
  /** By vertex: fuel that is paid in any case before the function is left, unless a trap ends the invocation. */
  readonly remaining: Float64Array;
  /** By vertex: what has been executed at least on the way from the entry. */
  readonly executed: Float64Array;
  /** By segment and by way. */
  readonly segmentWeight: Float64Array;
  readonly wayWeight: Float64Array;
  readonly #leads: Uint8Array;
  readonly #vertexWeight: Float64Array;

  constructor(graph: FlowGraph) {
    this.#graph = graph;
    this.remaining = new Float64Array(graph.headerOf.length);
    this.executed = new Float64Array(graph.headerOf.length);
    this.segmentWeight = new Float64Array(graph.cost.length);
    this.wayWeight = new Float64Array(graph.wayTo.length);
    this.#leads = new Uint8Array(graph.headerOf.length);
    this.#vertexWeight = new Float64Array(graph.headerOf.length);
  }

  run(): void {
    const { vertices } = this.#graph;
    this.#vertexWeight.fill(0, 0, vertices);
    this.executed.fill(Infinity, 0, vertices);
    this.#backward();
    this.#forward();
  }

  /** What every way through the function costs at least; Infinity where none leads through. */
  leastFuel(): number {
    this.#backward();
    return this.remaining[ENTRY] ?? 0;
  }

  /** Targets of forward ways come later in the code, so one pass from the end sees them first. */
  #backward(): void {
    const { from, to, headerOf, segments, vertices, waySegment, wayTo, wayBack, ways } = this.#graph;
    const [leads, remaining] = [this.#leads, this.remaining];
    leads.fill(0, 0, vertices);
    remaining.fill(Infinity, 0, vertices);
    leads[OUTSIDE] = 1;
    let way = ways - 1;
    for (let segment = segments - 1; segment >= 0; segment--) {
      const end = to[segment] ?? 0;
      let [least, goesOn] = [remaining[end] ?? 0, leads[end] ?? 0];
      for (; way >= 0 && waySegment[way] === segment; way--) {
        const target = wayTo[way] ?? 0;
        if (target === end) continue;
        const back = wayBack[way] === 1;
        const rest =
          target === OUTSIDE ? 0 : back ? this.#graph.due(headerOf[target] ?? 0) : remaining[target];
        least = Math.min(least, rest ?? 0);
        goesOn |= back ? 1 : (leads[target] ?? 0);
      }
      remaining[end] = least;
      leads[end] = goesOn;
      const begin = from[segment] ?? 0;
      remaining[begin] = Math.min(remaining[begin] ?? 0, least + this.#graph.due(segment));
      leads[begin] = (leads[begin] ?? 0) | goesOn;
    }
  }

  #forward(): void {
    const { cost, from, to, share, marks, segments, waySegment, wayTo, wayBack, ways } = this.#graph;
    const [weights, executed] = [this.#vertexWeight, this.executed];
    weights[ENTRY] = 1;
    executed[ENTRY] = 0;
    let way = 0;
    for (let segment = 0; segment < segments; segment++) {
      const begin = from[segment] ?? 0;
      const end = to[segment] ?? 0;
      let weight = (weights[begin] ?? 0) * (share[segment] ?? 1);
      if (begin !== ENTRY && this.#leads[end] === 0) weight *= trapShare;
      if (((marks[segment] ?? 0) & SegmentMark.HEADER) !== 0) weight *= loopWeight;
      weight = Math.min(weight, weightMax);
      this.segmentWeight[segment] = weight;
      weights[end] = weight;
      const sum = (executed[begin] ?? 0) + (cost[segment] ?? 0);
      executed[end] = sum;
      for (; way < ways && waySegment[way] === segment; way++) {
        const target = wayTo[way] ?? 0;
        const taken = weight * this.#wayShare(way);
        this.wayWeight[way] = taken;
        if (target === OUTSIDE || target === end || wayBack[way] === 1) continue;
        weights[target] = (weights[target] ?? 0) + taken;
        executed[target] = Math.min(executed[target] ?? 0, sum);
      }
    }
  }

  #wayShare(way: number): number {
    const { wayTo, wayShare, wayBack } = this.#graph;
    const share = wayShare[way] ?? 0;
    const trapped = wayBack[way] !== 1 && this.#leads[wayTo[way] ?? 0] === 0;
    return trapped ? share * trapShare : share;
  }
}

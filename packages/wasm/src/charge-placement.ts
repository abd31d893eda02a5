/**
 * Decides where a function changes its counter, and by how much, so that every complete path pays exactly the sum of
 * its segments' prices while the parts that run often change it as seldom as possible.
 *
 * The *lead* of a point is what has been charged on the way to it minus what has been executed; it must not depend on
 * the way. Any choice of leads that ends with 0, and begins with what callers have paid, gives exact totals: a segment
 * charges its price plus the difference of the leads around it, a way the difference of its ends. So: take a spanning
 * tree of the heaviest segments and ways, let those charge nothing, and everything else follows. What is charged early
 * on a likely path is given back where an unlikely one leaves it.
 *
 * Where others look at the counter (callees, tests) the lead must not exceed what is certainly still to be paid, else
 * a run would end for fuel that it never needs; nor may it lag far behind.
 */

import { assert } from "@wasm-engine/abi";
import { FlowEstimate } from "./flow-estimate.js";
import { ENTRY, OUTSIDE, SegmentMark, WayPlace } from "./flow-graph.js";
import type { FlowGraph } from "./flow-graph.js";
import { Potentials } from "./potentials.js";

/** What a function may owe where others look at the counter. */
const debtMax = 128;
/** Signed arithmetic on the counter cannot wrap below this. */
const chargeMax = 0x7fff_ffff;
const buckets = 1024;
/** Rounds of setting leads to 0 where they cannot be; then all of them are. */
const roundsMax = 6;
/**
 * Functions without calls are not tested at entry up to this much fuel. A body holds at most 2^17 calls, so what runs
 * between two tests stays within milliseconds.
 */
const untestedFuelMax = 256;
/** A way that gets code of its own makes the function longer. */
const takenFactor = 1.25;
/** Heads of loops are tested anyway: a charge there costs least. */
const headerFactor = 0.7;

/** Charges by instruction. Negative ones give back. */
export interface Charges {
  /** By slot: 0 at entry, n behind instruction n - 1. */
  readonly behind: Int32Array;
  /** Before the instruction, on the way that goes through it. */
  readonly before: Int32Array;
  /** Where br_if is taken; at the `end` of an `if` without `else`, where its condition is false. */
  readonly taken: Int32Array;
  /** By slot: the price of the segment that begins there, whoever pays it. */
  readonly prices: Uint32Array;
  /** What the counter must hold before a loop's first charge, by slot of its header. */
  readonly needed: ReadonlyMap<number, number>;
  /** The counter is tested at entry. Short functions without calls need no test: loops are tested on their own. */
  readonly testedAtEntry: boolean;
  /** How often the counter is changed in the written code. */
  readonly count: number;
}

export interface PlacementInput {
  readonly instructions: number;
  readonly calls: boolean;
  readonly prepaid: number;
}

export class ChargePlacement {
  readonly #graph: FlowGraph;
  readonly #estimate: FlowEstimate;
  readonly #leads: Potentials;
  /** Segments, then ways, heaviest first. */
  readonly #order: Uint32Array;
  readonly #keys: Uint16Array;
  readonly #starts = new Uint32Array(buckets + 1);
  readonly #pinned: Uint8Array;
  #prepaid = 0;

  constructor(graph: FlowGraph) {
    this.#graph = graph;
    this.#estimate = new FlowEstimate(graph);
    this.#leads = new Potentials(graph.headerOf.length);
    const edges = graph.cost.length + graph.wayTo.length;
    this.#order = new Uint32Array(edges);
    this.#keys = new Uint16Array(edges);
    this.#pinned = new Uint8Array(graph.cost.length);
  }

  /** What every way through the recorded function costs at least, of its own. */
  leastFuel(): number {
    return this.#estimate.leastFuel();
  }

  /** Places the charges of the recorded function. `prepaid`: what its callers have paid for it. */
  place({ instructions, calls, prepaid }: PlacementInput): Charges {
    this.#prepaid = prepaid;
    const testedAtEntry = calls || this.#staticFuel() > untestedFuelMax;
    if (testedAtEntry) this.#graph.mark(0, SegmentMark.WATCHED);
    this.#estimate.run();
    this.#sort();
    this.#pinned.fill(0, 0, this.#graph.segments);
    this.#span();
    for (let round = 0; this.#pinViolations(round >= roundsMax); round++) this.#span();
    return { ...this.#charges(instructions), testedAtEntry };
  }

  /** What one pass through the function costs at most, without loops and callees. */
  #staticFuel(): number {
    const { cost, segments } = this.#graph;
    let sum = 0;
    for (let segment = 0; segment < segments; segment++) sum += cost[segment] ?? 0;
    return sum;
  }

  /** Counting sort by the logarithm of the weight. */
  #sort(): void {
    const { segments, ways, marks, wayPlace } = this.#graph;
    const { segmentWeight, wayWeight } = this.#estimate;
    const [keys, starts] = [this.#keys, this.#starts];
    starts.fill(0);
    const count = (edge: number, weight: number): void => {
      const key = Math.min(buckets - 1, Math.max(0, Math.round(buckets - 1 - 8 * (Math.log2(weight) + 62))));
      keys[edge] = key;
      starts[key + 1] = (starts[key + 1] ?? 0) + 1;
    };
    for (let segment = 0; segment < segments; segment++) {
      const header = segment === 0 || ((marks[segment] ?? 0) & SegmentMark.HEADER) !== 0;
      count(segment, (segmentWeight[segment] ?? 0) * (header ? headerFactor : 1));
    }
    for (let way = 0; way < ways; way++) {
      count(segments + way, (wayWeight[way] ?? 0) * (wayPlace[way] === WayPlace.TAKEN ? takenFactor : 1));
    }
    for (let key = 0; key < buckets; key++) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
    for (let edge = 0; edge < segments + ways; edge++) {
      const key = keys[edge] ?? 0;
      const place = starts[key] ?? 0;
      starts[key] = place + 1;
      this.#order[place] = edge;
    }
  }

  #span(): void {
    const { segments, ways, vertices, from, to, waySegment, wayTo, wayPlace } = this.#graph;
    const leads = this.#leads;
    leads.reset(vertices);
    leads.connect(OUTSIDE, ENTRY, this.#prepaid);
    for (let way = 0; way < ways; way++) {
      if (wayPlace[way] === WayPlace.NOWHERE)
        leads.connect(to[waySegment[way] ?? 0] ?? 0, wayTo[way] ?? 0, 0);
    }
    for (let segment = 0; segment < segments; segment++) {
      if (this.#pinned[segment] === 1) leads.connect(OUTSIDE, to[segment] ?? 0, 0);
    }
    for (let index = 0; index < segments + ways; index++) {
      const edge = this.#order[index] ?? 0;
      if (edge < segments) {
        leads.connect(from[edge] ?? 0, to[edge] ?? 0, -this.#graph.due(edge));
      } else {
        const way = edge - segments;
        leads.connect(to[waySegment[way] ?? 0] ?? 0, wayTo[way] ?? 0, 0);
      }
    }
  }

  /** True: some segment's lead at a point where others look is impossible and has been set to 0. */
  #pinViolations(all: boolean): boolean {
    const { segments, marks } = this.#graph;
    let found = false;
    for (let segment = 0; segment < segments; segment++) {
      if (((marks[segment] ?? 0) & SegmentMark.WATCHED) === 0 || this.#pinned[segment] === 1) continue;
      if (!all && this.#excess(segment) === 0 && !this.#owesTooMuch(segment)) continue;
      this.#pinned[segment] = 1;
      found = true;
    }
    return found;
  }

  #leadBehind(segment: number): number {
    return this.#leads.difference(OUTSIDE, this.#graph.to[segment] ?? 0);
  }

  #owesTooMuch(segment: number): boolean {
    const executed = this.#estimate.executed[this.#graph.to[segment] ?? 0] ?? 0;
    return this.#leadBehind(segment) < -Math.min(debtMax, executed / 2);
  }

  /** By how much the lead within a segment exceeds what is certainly still to be paid. */
  #excess(segment: number): number {
    const rest = this.#estimate.remaining[this.#graph.to[segment] ?? 0] ?? 0;
    return Math.max(0, this.#leadBehind(segment) - rest);
  }

  #charges(instructions: number): Omit<Charges, "testedAtEntry"> {
    const { segments, ways, cost, from, to, slot, marks, waySegment, wayTo, wayPlace, wayOrdinal } =
      this.#graph;
    const behind = new Int32Array(instructions + 1);
    const before = new Int32Array(instructions);
    const taken = new Int32Array(instructions);
    const prices = new Uint32Array(instructions + 1);
    const needed = new Map<number, number>();
    for (let segment = 0; segment < segments; segment++) {
      const charge = bounded(
        this.#leads.difference(from[segment] ?? 0, to[segment] ?? 0) + this.#graph.due(segment),
      );
      const place = slot[segment] ?? 0;
      behind[place] = charge;
      prices[place] = cost[segment] ?? 0;
      if (((marks[segment] ?? 0) & SegmentMark.HEADER) !== 0)
        needed.set(place, charge - this.#excess(segment));
    }
    for (let way = 0; way < ways; way++) {
      const charge = bounded(this.#leads.difference(to[waySegment[way] ?? 0] ?? 0, wayTo[way] ?? 0));
      const place = wayPlace[way];
      if (place === WayPlace.BEFORE) before[wayOrdinal[way] ?? 0] = charge;
      else if (place === WayPlace.TAKEN) taken[wayOrdinal[way] ?? 0] = charge;
      else assert(charge === 0, "where no code can be put nothing is charged");
    }
    let count = 0;
    for (const charges of [behind, before, taken]) {
      for (const charge of charges) if (charge !== 0) count += 1;
    }
    return { behind, before, taken, prices, needed, count };
  }
}

function bounded(charge: number): number {
  assert(Math.abs(charge) < chargeMax, "a charge is bounded");
  return charge;
}

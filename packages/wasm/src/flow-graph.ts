/**
 * Control flow of one function as metering sees it: straight-line segments with a price, and the ways between them.
 * A segment is a run of instructions such that whoever executes its first reaches its last unless a trap ends the
 * invocation. The planner records it in the order of the code; where charges go is decided in charge-placement.ts.
 *
 * Each segment leads from one *vertex* to another; ways lead from the end of a segment to a vertex.
 */

import { assert } from "@wasm-engine/abi";

/** The vertex behind every end of the function, and the one before its first segment. */
export const OUTSIDE = 0;
export const ENTRY = 1;

/** Where code can be put that runs on one way only. */
export const WayPlace = {
  /** Nowhere: targets of br_table, branches that carry values. */
  NOWHERE: 0,
  /** Before the instruction, which is reached on this way only. */
  BEFORE: 1,
  /** Where a br_if is taken, or in the `else` that an `if` does not have. */
  TAKEN: 2,
} as const;

/** Bits per segment. */
export const SegmentMark = {
  /** It begins at the head of a loop that repeats. */
  HEADER: 1,
  /** Somebody else may look at the counter while it runs: a callee, a charge by operand, a test at entry. */
  WATCHED: 2,
} as const;

export interface WayOptions {
  /** {@link WayPlace}, and the instruction that it refers to. */
  readonly place: number;
  readonly ordinal: number;
  /** Guessed share of those who leave the segment. */
  readonly share: number;
  /** It leads back to the head of a loop. */
  readonly back?: boolean;
}

export class FlowGraph {
  /** Number of segments, ways and vertices of the current function. */
  segments = 0;
  ways = 0;
  vertices = 0;
  /** Per segment. Slot 0 is the entry, slot n the place behind instruction n - 1. */
  readonly cost: Float64Array;
  /** What it pays for the functions that it calls, on top of its own price. */
  readonly carried: Float64Array;
  readonly slot: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Guessed share of those who come to its first vertex. */
  readonly share: Float64Array;
  readonly marks: Uint8Array;
  /** Per way, in the order of their segments. */
  readonly waySegment: Uint32Array;
  readonly wayTo: Uint32Array;
  readonly wayPlace: Uint8Array;
  readonly wayOrdinal: Uint32Array;
  readonly wayShare: Float64Array;
  readonly wayBack: Uint8Array;
  /** Segment that begins at a loop's vertex. */
  readonly headerOf: Uint32Array;

  /** `bytes` bounds the code of every function that will be recorded. */
  constructor(bytes: number) {
    const [segments, ways, vertices] = [bytes + 1, 2 * bytes + 2, 3 * bytes + 4];
    this.cost = new Float64Array(segments);
    this.carried = new Float64Array(segments);
    this.slot = new Uint32Array(segments);
    this.from = new Uint32Array(segments);
    this.to = new Uint32Array(segments);
    this.share = new Float64Array(segments);
    this.marks = new Uint8Array(segments);
    this.waySegment = new Uint32Array(ways);
    this.wayTo = new Uint32Array(ways);
    this.wayPlace = new Uint8Array(ways);
    this.wayOrdinal = new Uint32Array(ways);
    this.wayShare = new Float64Array(ways);
    this.wayBack = new Uint8Array(ways);
    this.headerOf = new Uint32Array(vertices);
  }

  /** Begins a function with its first segment. */
  reset(): void {
    this.segments = 0;
    this.ways = 0;
    this.vertices = ENTRY + 1;
    this.begin(0, ENTRY, 1);
  }

  /** The segment that is being recorded. */
  get current(): number {
    return this.segments - 1;
  }

  /** Vertex behind the current segment. */
  get end(): number {
    return this.to[this.current] ?? OUTSIDE;
  }

  addVertex(): number {
    this.vertices += 1;
    return this.vertices - 1;
  }

  /** Begins a segment at a slot, behind a vertex. */
  begin(slot: number, vertex: number, share: number): void {
    const segment = this.segments;
    assert(segment < this.cost.length, "a segment belongs to an instruction");
    this.segments += 1;
    this.cost[segment] = 0;
    this.carried[segment] = 0;
    this.slot[segment] = slot;
    this.from[segment] = vertex;
    this.to[segment] = this.addVertex();
    this.share[segment] = share;
    this.marks[segment] = 0;
  }

  /** Begins the segment at the head of a loop. */
  beginLoop(slot: number, vertex: number): void {
    this.headerOf[vertex] = this.segments;
    this.begin(slot, vertex, 1);
  }

  add(cost: number): void {
    this.cost[this.current] = (this.cost[this.current] ?? 0) + cost;
  }

  carry(fuel: number): void {
    this.carried[this.current] = (this.carried[this.current] ?? 0) + fuel;
  }

  /** What a segment pays: its own price and what it carries. */
  due(segment: number): number {
    return (this.cost[segment] ?? 0) + (this.carried[segment] ?? 0);
  }

  mark(segment: number, mark: number): void {
    this.marks[segment] = (this.marks[segment] ?? 0) | mark;
  }

  /** A way from the end of the current segment. Returns its number. */
  way(to: number, { place, ordinal, share, back = false }: WayOptions): number {
    const way = this.ways;
    assert(way < this.wayTo.length, "ways belong to bytes of the code");
    this.ways += 1;
    this.waySegment[way] = this.current;
    this.wayTo[way] = to;
    this.wayPlace[way] = place;
    this.wayOrdinal[way] = ordinal;
    this.wayShare[way] = share;
    this.wayBack[way] = back ? 1 : 0;
    return way;
  }

  /** There is no such way after all. */
  close(way: number): void {
    this.wayTo[way] = this.to[this.waySegment[way] ?? 0] ?? OUTSIDE;
    this.wayPlace[way] = WayPlace.NOWHERE;
    this.wayShare[way] = 0;
  }

  /** The instruction that a way's place refers to is another one. */
  moveWay(way: number, ordinal: number): void {
    this.wayOrdinal[way] = ordinal;
  }
}

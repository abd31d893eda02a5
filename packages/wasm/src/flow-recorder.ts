/**
 * Records the flow graph of one function while the planner walks its reachable code: keeps the constructs that are
 * open and turns control instructions into segments and ways. Reachability is the planner's.
 */

import { assert } from "@wasm-engine/abi";
import { OUTSIDE, SegmentMark, WayPlace } from "./flow-graph.js";
import type { FlowGraph } from "./flow-graph.js";

/** Guessed shares of those who take a br_if: back to a loop's head, out of a loop, forward, and of a condition. */
const backShare = 0.9;
const exitShare = 0.1;
const forwardShare = 0.45;
const thenShare = 0.5;

/** No way. */
const noWay = -1;

interface OpenConstruct {
  /** Where branches to it arrive. */
  readonly vertex: number;
  /** `if`: where its arms begin, and the way of a false condition while there is no `else`. */
  readonly condition: number;
  readonly skip: number;
  /** `loop`: its first segment. */
  readonly header: number | undefined;
  /** Number of loops around it, itself included. */
  readonly loops: number;
}

export class FlowRecorder {
  readonly #graph: FlowGraph;
  readonly #open: OpenConstruct[] = [];

  constructor(graph: FlowGraph) {
    this.#graph = graph;
  }

  /** Begins a function. */
  reset(entryCost: number): void {
    this.#graph.reset();
    this.#graph.add(entryCost);
    this.#open.length = 0;
    this.#push(OUTSIDE);
  }

  /** An instruction of the current segment. */
  add(cost: number): void {
    this.#graph.add(cost);
  }

  /** The current segment pays for a function that it calls. */
  carry(fuel: number): void {
    this.#graph.carry(fuel);
  }

  /** The current segment contains a point where others look at the counter. */
  watch(): void {
    this.#graph.mark(this.#graph.current, SegmentMark.WATCHED);
  }

  block(): void {
    this.#push(this.#graph.addVertex());
  }

  /** A loop whose every iteration costs `cost`. */
  loop(ordinal: number, cost: number): void {
    const graph = this.#graph;
    const vertex = graph.addVertex();
    graph.way(vertex, { place: WayPlace.BEFORE, ordinal, share: 1 });
    this.#open.push({
      vertex,
      condition: 0,
      skip: noWay,
      header: graph.segments,
      loops: this.#top().loops + 1,
    });
    graph.beginLoop(ordinal + 1, vertex);
    graph.add(cost);
  }

  /** @param plain it has neither parameters nor results: code can be put into an `else` that it does not have */
  if(ordinal: number, plain: boolean): void {
    const graph = this.#graph;
    const vertex = graph.addVertex();
    const condition = graph.end;
    const place = plain ? WayPlace.TAKEN : WayPlace.NOWHERE;
    const skip = graph.way(vertex, { place, ordinal, share: 1 - thenShare });
    this.#open.push({ vertex, condition, skip, header: undefined, loops: this.#top().loops });
    graph.begin(ordinal + 1, condition, thenShare);
  }

  /** @param reachable the first arm's end is reached */
  else(ordinal: number, reachable: boolean): void {
    const graph = this.#graph;
    const { vertex, condition, skip } = this.#top();
    if (reachable) graph.way(vertex, { place: WayPlace.BEFORE, ordinal, share: 1 });
    graph.close(skip);
    graph.begin(ordinal + 1, condition, 1 - thenShare);
  }

  /** A block or if ends where several ways may meet. `after`: something reaches what follows. */
  join(ordinal: number, reachable: boolean, after: boolean): void {
    const graph = this.#graph;
    const { vertex, skip } = this.#pop();
    if (skip !== noWay) graph.moveWay(skip, ordinal);
    if (reachable) graph.way(vertex, { place: WayPlace.BEFORE, ordinal, share: 1 });
    if (after) graph.begin(ordinal + 1, vertex, 1);
  }

  /** A block ends that nothing branches to: what follows belongs to the current segment. */
  endBlock(): void {
    this.#pop();
  }

  endLoop(repeats: boolean): void {
    const { header } = this.#pop();
    assert(header !== undefined, "a loop ends");
    if (repeats) this.#graph.mark(header, SegmentMark.HEADER);
  }

  /** An unconditional branch. */
  branch(label: number, ordinal: number): void {
    const { vertex, header } = this.#target(label);
    this.#graph.way(vertex, { place: WayPlace.BEFORE, ordinal, share: 1, back: header !== undefined });
  }

  /** @param carries the branch carries values, which leaves no room for code */
  branchIf(label: number, ordinal: number, carries: boolean): void {
    const graph = this.#graph;
    const { vertex, header, loops } = this.#target(label);
    const back = header !== undefined;
    const share = back ? backShare : loops < this.#top().loops ? exitShare : forwardShare;
    const place = carries ? WayPlace.NOWHERE : WayPlace.TAKEN;
    graph.way(vertex, { place, ordinal, share, back });
    graph.begin(ordinal + 1, graph.end, 1 - share);
  }

  /** One of the targets of a br_table. */
  branchTable(label: number, ordinal: number, share: number): void {
    const { vertex, header } = this.#target(label);
    this.#graph.way(vertex, { place: WayPlace.NOWHERE, ordinal, share, back: header !== undefined });
  }

  /** The function is left before an instruction: its `end`, a return. */
  leave(ordinal: number): void {
    this.#graph.way(OUTSIDE, { place: WayPlace.BEFORE, ordinal, share: 1 });
  }

  #push(vertex: number): void {
    const loops = this.#open.length === 0 ? 0 : this.#top().loops;
    this.#open.push({ vertex, condition: 0, skip: noWay, header: undefined, loops });
  }

  #pop(): OpenConstruct {
    const construct = this.#open.pop();
    assert(construct !== undefined, "a construct is open");
    return construct;
  }

  #top(): OpenConstruct {
    return this.#target(0);
  }

  #target(label: number): OpenConstruct {
    const construct = this.#open[this.#open.length - 1 - label];
    assert(construct !== undefined, "the label exists");
    return construct;
  }
}

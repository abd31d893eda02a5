/**
 * What is due at which tick: deadlines of requests, timers, first ticks of tasks, cadences, stop deadlines. A
 * heap of ticks over one bucket per tick; removal is exact, so that the next due tick is a function of the
 * world's state alone and a restored world executes the same ticks. Does not know what an entry means.
 */

import { assert, type AgentHandle } from "@wasm-engine/abi";

/** `id` > 0: a request of the agent. 0: look at the agent itself. */
export interface DueEntry {
  readonly agent: AgentHandle;
  readonly id: number;
}

interface Bucket {
  entryCount: number;
  readonly agents: AgentHandle[];
  readonly ids: number[];
}

/** Agents that are to be looked at, which are all in most ticks, sort as plain numbers: without boxes and callbacks. */
function sortedEntries(agents: readonly AgentHandle[], ids: readonly number[]): DueEntry[] {
  if (ids.every((id) => id === 0)) {
    const handles = Float64Array.from(agents).sort();
    const entries: DueEntry[] = [];
    for (let index = 0; index < handles.length; index += 1)
      entries.push({ agent: (handles[index] ?? 0) as AgentHandle, id: 0 }); // those of `agents`
    return entries;
  }
  const due = agents.map((agent, index) => ({ agent, id: ids[index] ?? 0 }));
  return due.sort((left, right) => left.agent - right.agent || left.id - right.id);
}

export class TimerQueue {
  readonly #buckets = new Map<number, Bucket>();
  /** Binary heap of ticks; may hold ticks whose bucket is gone. */
  readonly #heap: number[] = [];

  add(tick: number, agent: AgentHandle, id: number): void {
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) {
      bucket = { entryCount: 0, agents: [], ids: [] };
      this.#buckets.set(tick, bucket);
      this.#pushTick(tick);
    }
    bucket.entryCount += 1;
    bucket.agents.push(agent);
    bucket.ids.push(id);
  }

  /** Takes back one `add` of that tick. The entry itself may still be handed out; its owner knows that it is stale. */
  remove(tick: number): void {
    const bucket = this.#buckets.get(tick);
    assert(bucket !== undefined, "a removed entry was added");
    bucket.entryCount -= 1;
    if (bucket.entryCount === 0) this.#buckets.delete(tick);
  }

  /** The earliest tick with an entry. */
  nextTick(): number | undefined {
    for (;;) {
      const tick = this.#heap[0];
      if (tick === undefined || this.#buckets.has(tick)) return tick;
      this.#popTick();
    }
  }

  /** Takes all entries up to `tick`, sorted by agent and id: insertion order would not survive a restore. */
  takeDue(tick: number): DueEntry[] {
    const agents: AgentHandle[] = [];
    const ids: number[] = [];
    for (;;) {
      const next = this.nextTick();
      if (next === undefined || next > tick) break;
      const bucket = this.#buckets.get(next);
      assert(bucket !== undefined, "the next tick has a bucket");
      for (const agent of bucket.agents) agents.push(agent);
      for (const id of bucket.ids) ids.push(id);
      this.#buckets.delete(next);
      this.#popTick();
    }
    return sortedEntries(agents, ids);
  }

  #pushTick(tick: number): void {
    const heap = this.#heap;
    let index = heap.push(tick) - 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] ?? 0;
      if (parent <= tick) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = tick;
  }

  #popTick(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      if ((heap[childIndex + 1] ?? Infinity) < (heap[childIndex] ?? Infinity)) childIndex += 1;
      const child = heap[childIndex] ?? Infinity;
      if (child >= last) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}

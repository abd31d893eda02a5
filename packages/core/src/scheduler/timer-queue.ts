/**
 * What is due at which tick: deadlines of requests, timers, first ticks of tasks, cadences, stop deadlines. A
 * heap of ticks over one bucket per tick; removal is exact, so that the next due tick is a function of the
 * world's state alone and a restored world executes the same ticks. Does not know what an entry means.
 */

import { assert, type AgentHandle } from "@wasm-engine/abi";

/** A request of the agent. */
export interface DueEntry {
  readonly agent: AgentHandle;
  /** Above 0. */
  readonly id: number;
}

/** What is due: agents to be looked at, ascending, and requests by agent and id. Valid until the next is taken. */
export interface DueList {
  readonly agents: Float64Array;
  readonly requests: readonly DueEntry[];
}

/** Calls `look` for every entry by agent and id; 0: look at the agent itself. */
export function eachDue({ agents, requests }: DueList, look: (agent: AgentHandle, id: number) => void): void {
  let next = 0;
  for (let index = 0; index <= agents.length; index += 1) {
    const agent = agents[index] ?? Infinity;
    for (; next < requests.length; next += 1) {
      const request = requests[next];
      if (request === undefined || request.agent >= agent) break;
      look(request.agent, request.id);
    }
    if (index < agents.length) look(agent as AgentHandle, 0); // added as one
  }
}

/** Places of a new list; each growth doubles them. */
const firstPlaces = 16;
/** Storage beyond this many places is given back where much less was used. */
const keptPlacesMax = 1024;
/** Emptied buckets that are used again. */
const freeBucketsMax = 4;

/** Entries of one tick. Most are agents to be looked at, in some worlds all of them in every tick: plain numbers. */
class Bucket {
  entryCount = 0;
  #agents = new Float64Array(firstPlaces);
  #length = 0;
  readonly requests: DueEntry[] = [];

  add(agent: AgentHandle, id: number): void {
    this.entryCount += 1;
    if (id > 0) this.requests.push({ agent, id });
    else this.#push(agent);
  }

  /** Adds what another one holds. */
  join(other: Bucket): void {
    for (const agent of other.sorted()) this.#push(agent);
    for (const request of other.requests) this.requests.push(request);
  }

  /** The agents, ascending. */
  sorted(): Float64Array {
    return this.#agents.subarray(0, this.#length).sort();
  }

  clear(): void {
    if (this.#agents.length > keptPlacesMax && this.#length * 8 < this.#agents.length)
      this.#agents = new Float64Array(firstPlaces);
    this.#length = 0;
    this.entryCount = 0;
    this.requests.length = 0;
  }

  #push(agent: number): void {
    if (this.#length === this.#agents.length) {
      const grown = new Float64Array(2 * this.#length);
      grown.set(this.#agents);
      this.#agents = grown;
    }
    this.#agents[this.#length] = agent;
    this.#length += 1;
  }
}

export class TimerQueue {
  readonly #buckets = new Map<number, Bucket>();
  /** Binary heap of ticks; may hold ticks whose bucket is gone. */
  readonly #heap: number[] = [];
  readonly #free: Bucket[] = [];
  /** What was taken last: its entries may still be looked at. */
  #taken = new Bucket();

  add(tick: number, agent: AgentHandle, id: number): void {
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) {
      bucket = this.#free.pop() ?? new Bucket();
      this.#buckets.set(tick, bucket);
      this.#pushTick(tick);
    }
    bucket.add(agent, id);
  }

  /** Takes back one `add` of that tick. The entry itself may still be handed out; its owner knows that it is stale. */
  remove(tick: number): void {
    const bucket = this.#buckets.get(tick);
    assert(bucket !== undefined, "a removed entry was added");
    bucket.entryCount -= 1;
    if (bucket.entryCount > 0) return;
    this.#buckets.delete(tick);
    this.#release(bucket);
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
  takeDue(tick: number): DueList {
    this.#release(this.#taken);
    let taken: Bucket | undefined;
    for (;;) {
      const next = this.nextTick();
      if (next === undefined || next > tick) break;
      const bucket = this.#buckets.get(next);
      assert(bucket !== undefined, "the next tick has a bucket");
      this.#buckets.delete(next);
      this.#popTick();
      if (taken === undefined) taken = bucket;
      else {
        taken.join(bucket);
        this.#release(bucket);
      }
    }
    this.#taken = taken ?? this.#free.pop() ?? new Bucket();
    const { requests } = this.#taken;
    if (requests.length > 1) requests.sort((left, right) => left.agent - right.agent || left.id - right.id);
    return { agents: this.#taken.sorted(), requests };
  }

  #release(bucket: Bucket): void {
    bucket.clear();
    if (this.#free.length < freeBucketsMax) this.#free.push(bucket);
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

/**
 * Agents that wait for a turn, in the order in which they became runnable. Messages mostly wake agents in id order,
 * so the queue is mostly sorted when it is drained, and looking is cheaper than sorting.
 */

import { KeptList } from "../kept-list.js";
import type { Order } from "./policy.js";
import type { Runnable } from "./runnable.js";

export class RunnableQueue<Agent extends Runnable> {
  /** An agent stands here if this is the place that it remembers: who has left since has forgotten its place. */
  readonly #places = new KeptList<Agent>();
  #size = 0;

  /** Agents that wait. */
  get size(): number {
    return this.#size;
  }

  /** Appends an agent that is not in the queue. */
  add(agent: Agent): void {
    agent.queuePlace = this.#places.length;
    this.#places.push(agent);
    this.#size += 1;
  }

  /** Takes an agent out; nothing happens where it is not in the queue. */
  remove(agent: Agent): void {
    if (agent.queuePlace < 0) return;
    agent.queuePlace = -1;
    this.#size -= 1;
  }

  toArray(): Agent[] {
    return this.#places.toArray().filter((agent, place) => agent.queuePlace === place);
  }

  /** Moves all agents to the end of `target` but those for which `stays` is true. */
  drain(target: KeptList<Agent>, stays: (agent: Agent) => boolean): void {
    const places = this.#places;
    const staying: Agent[] = [];
    for (let place = 0; place < places.length; place += 1) {
      const agent = places.at(place);
      if (agent.queuePlace !== place) continue;
      agent.queuePlace = -1;
      if (stays(agent)) staying.push(agent);
      else target.push(agent);
    }
    places.clear();
    this.#size = 0;
    for (const agent of staying) this.add(agent);
  }
}

/** Sorts `agents`, unless they are in order already. */
export function sortRunnable<Agent extends Runnable>(agents: KeptList<Agent>, order: Order): void {
  if (isSorted(agents, order)) return;
  agents
    .toArray()
    .sort(order)
    .forEach((agent, index) => {
      agents.put(index, agent);
    });
}

function isSorted<Agent extends Runnable>(agents: KeptList<Agent>, order: Order): boolean {
  for (let index = 1; index < agents.length; index += 1) {
    if (order(agents.at(index - 1), agents.at(index)) > 0) return false;
  }
  return true;
}

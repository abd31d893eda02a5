/**
 * Agents that wait for a turn, in the order in which they became runnable. Messages mostly wake agents in id order,
 * so the queue is mostly sorted when it is drained, and looking is cheaper than sorting.
 */

import { assert } from "@wasm-engine/abi";
import { KeptList } from "../kept-list.js";
import type { Genesis } from "../model.js";
import { orderOf, type Order } from "./policy.js";
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

/** Sorts `agents` under the policy of the genesis, unless they are in order already. */
export function sortRunnable<Agent extends Runnable>(
  agents: KeptList<Agent>,
  { policy, stride }: Pick<Genesis, "policy" | "stride">,
): void {
  const order = orderOf(policy, stride);
  if (isSorted(agents, order)) return;
  if (policy === "fifo" && sortByKeys(agents)) return;
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

/**
 * Sorts numbers instead of agents, which is several times as fast: (waiting since, place of the id) in one number whose
 * last part says which agent it stands for. Where most agents wait since one tick, every one is put at the place of
 * its id and nothing is sorted. False where the number would not be exact.
 */
function sortByKeys<Agent extends Runnable>(agents: KeptList<Agent>): boolean {
  let earliest = Infinity;
  let latest = 0;
  let ranks = 0;
  for (let index = 0; index < agents.length; index += 1) {
    const { runnableSince, idRank } = agents.at(index);
    earliest = Math.min(earliest, runnableSince);
    latest = Math.max(latest, runnableSince);
    ranks = Math.max(ranks, idRank + 1);
  }
  if ((latest - earliest + 1) * ranks > Number.MAX_SAFE_INTEGER) return false;
  const byRank = new Array<Agent | undefined>(ranks).fill(undefined);
  const keys = new Float64Array(agents.length);
  for (let index = 0; index < agents.length; index += 1) {
    const agent = agents.at(index);
    byRank[agent.idRank] = agent;
    keys[index] = (agent.runnableSince - earliest) * ranks + agent.idRank;
  }
  if (earliest === latest && ranks <= 8 * agents.length) {
    let place = 0;
    for (const agent of byRank) if (agent !== undefined) agents.put(place++, agent);
    return true;
  }
  keys.sort().forEach((key, index) => {
    const agent = byRank[key - Math.floor(key / ranks) * ranks];
    assert(agent !== undefined, "a key stands for an agent");
    agents.put(index, agent);
  });
  return true;
}

/**
 * Finds an agent by its handle in two steps through memory: handles lie side by side, and they are hashes already.
 * Open addressing with linear probing; at most half of the places are taken. Plans name every agent that has a turn,
 * so this is asked once per turn.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { ResidentAgent } from "./resident-agent.js";

const PLACES_FIRST = 64;
/** No agent has it: it stands for the outside. */
const FREE = 0;

export class AgentIndex {
  #handles = new Float64Array(PLACES_FIRST);
  #agents: (ResidentAgent | undefined)[] = new Array<ResidentAgent | undefined>(PLACES_FIRST).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(handle: AgentHandle): ResidentAgent | undefined {
    return this.#agents[this.#placeOf(handle)];
  }

  has(handle: AgentHandle): boolean {
    return this.get(handle) !== undefined;
  }

  add(agent: ResidentAgent): void {
    assert(agent.agent > FREE, "handles of agents are above 0");
    assert(!this.has(agent.agent), "an agent is added once");
    if (this.#size * 2 >= this.#handles.length) this.#grow();
    this.#put(agent);
    this.#size += 1;
  }

  /** Those behind the place that becomes free move up where they are not at home. */
  delete(handle: AgentHandle): void {
    assert(this.has(handle), "an agent is deleted once");
    const handles = this.#handles;
    const mask = handles.length - 1;
    let free = this.#placeOf(handle);
    for (let place = (free + 1) & mask; handles[place] !== FREE; place = (place + 1) & mask) {
      const next = handles[place] ?? FREE;
      const stays = ((place - next) & mask) < ((place - free) & mask);
      if (stays) continue;
      handles[free] = next;
      this.#agents[free] = this.#agents[place];
      free = place;
    }
    handles[free] = FREE;
    this.#agents[free] = undefined;
    this.#size -= 1;
  }

  /** All agents, sorted by handle. */
  sorted(): ResidentAgent[] {
    return this.#agents
      .filter((agent) => agent !== undefined)
      .sort((left, right) => left.agent - right.agent);
  }

  /** Where the handle is, or the free place where it would be. */
  #placeOf(handle: AgentHandle): number {
    const handles = this.#handles;
    const mask = handles.length - 1;
    let place = handle & mask;
    while (handles[place] !== handle && handles[place] !== FREE) place = (place + 1) & mask;
    return place;
  }

  #put(agent: ResidentAgent): void {
    const place = this.#placeOf(agent.agent);
    this.#handles[place] = agent.agent;
    this.#agents[place] = agent;
  }

  #grow(): void {
    const agents = this.#agents;
    const places = agents.length * 2;
    this.#handles = new Float64Array(places);
    this.#agents = new Array<ResidentAgent | undefined>(places).fill(undefined);
    for (const agent of agents) if (agent !== undefined) this.#put(agent);
  }
}

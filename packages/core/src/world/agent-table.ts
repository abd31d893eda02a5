/**
 * Live agents by handle, by id and in id order, who came and went since the last seal, and how many more each tenant
 * may have.
 */

import { assert, compareIds, type AgentHandle, type AgentId } from "@wasm-engine/abi";
import type { Genesis } from "../model.js";
import type { PopulationChange } from "../ports.js";
import type { Agent } from "./agent.js";

/** More newcomers than this are sorted with everybody else, fewer are put in their places. */
const mergedMax = 64;

/** How many live agents a tenant may have. */
interface PopulationShare {
  readonly agentsMax: number;
  /** May also use places that nobody has reserved. */
  readonly elastic: boolean;
}

export class AgentTable {
  readonly #byHandle = new Map<AgentHandle, Agent>();
  readonly #byId = new Map<string, Agent>();
  readonly #shares: ReadonlyMap<string, PopulationShare>;
  readonly #population = new Map<string, number>();
  readonly #agentsMax: number;
  /** In id order, but for those that came or went since. */
  #sorted: readonly Agent[] = [];
  /** Came and went since the ids were sorted. */
  #unsorted = new Set<Agent>();
  #hasGaps = false;
  /** Came and went since the last seal; who did both is in neither. */
  readonly #added = new Map<AgentId, AgentHandle>();
  readonly #removed = new Set<AgentId>();

  constructor(genesis: Genesis) {
    const { tenants, agentsMax } = genesis;
    const everything = { name: "default", agentsMax, elastic: false };
    const shares = tenants.length === 0 ? [everything] : tenants;
    this.#shares = new Map(shares.map((share) => [share.name, share]));
    this.#agentsMax = agentsMax;
  }

  /** True where one more agent of the tenant finds a place, whatever other tenants do with theirs. */
  hasPlace(tenant: string): boolean {
    const own = this.#shares.get(tenant);
    if (own === undefined || this.size >= this.#agentsMax) return false;
    if ((this.#population.get(tenant) ?? 0) < own.agentsMax) return true;
    if (!own.elastic) return false;
    let kept = 0;
    for (const [name, share] of this.#shares)
      kept += Math.max(0, share.agentsMax - (this.#population.get(name) ?? 0));
    return this.size + kept < this.#agentsMax;
  }

  get size(): number {
    return this.#byHandle.size;
  }

  byHandle(handle: number): Agent | undefined {
    return this.#byHandle.get(handle as AgentHandle); // a number that is no handle finds nothing
  }

  byId(id: string): Agent | undefined {
    return this.#byId.get(id);
  }

  /** In id order; `idRank` of every agent is its place there. The array is another one where somebody came or went. */
  sorted(): readonly Agent[] {
    if (this.#unsorted.size === 0 && !this.#hasGaps) return this.#sorted;
    const kept = this.#hasGaps ? this.#sorted.filter((agent) => this.#isLive(agent)) : this.#sorted;
    const fresh = [...this.#unsorted].sort((left, right) => compareIds(left.id, right.id));
    this.#sorted = merge(kept, fresh);
    this.#unsorted.clear();
    this.#hasGaps = false;
    this.#sorted.forEach((agent, rank) => {
      agent.idRank = rank;
    });
    return this.#sorted;
  }

  add(agent: Agent): void {
    assert(!this.#byHandle.has(agent.handle), "handles are unique");
    assert(!this.#byId.has(agent.id), "ids are unique");
    assert(!this.#removed.has(agent.id), "an id returns after a seal at the earliest");
    this.#added.set(agent.id, agent.handle);
    this.#unsorted.add(agent);
    this.#byHandle.set(agent.handle, agent);
    this.#byId.set(agent.id, agent);
    this.#count(agent, 1);
  }

  remove(agent: Agent): void {
    if (!this.#added.delete(agent.id)) this.#removed.add(agent.id);
    if (!this.#unsorted.delete(agent)) this.#hasGaps = true;
    this.#byHandle.delete(agent.handle);
    this.#byId.delete(agent.id);
    this.#count(agent, -1);
  }

  /** Who came and went since the last call, or undefined where nobody did. */
  seal(): PopulationChange | undefined {
    if (this.#added.size === 0 && this.#removed.size === 0) return undefined;
    const change = { added: [...this.#added], removed: [...this.#removed] };
    this.#added.clear();
    this.#removed.clear();
    return change;
  }

  #isLive(agent: Agent): boolean {
    return this.#byHandle.get(agent.handle) === agent;
  }

  #count(agent: Agent, change: 1 | -1): void {
    const { name } = agent.tenant;
    this.#population.set(name, (this.#population.get(name) ?? 0) + change);
  }
}

/** Both are in id order. */
function merge(kept: readonly Agent[], fresh: readonly Agent[]): Agent[] {
  if (fresh.length > mergedMax)
    return [...kept, ...fresh].sort((left, right) => compareIds(left.id, right.id));
  const parts: Agent[][] = [];
  let next = 0;
  for (const agent of fresh) {
    const place = placeOf(kept, agent.id, next);
    parts.push(kept.slice(next, place), [agent]);
    next = place;
  }
  parts.push(kept.slice(next));
  return parts[0]?.concat(...parts.slice(1)) ?? [];
}

/** First place from `low` on whose id is behind `id`. */
function placeOf(agents: readonly Agent[], id: string, low: number): number {
  let high = agents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((agents[middle]?.id ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Live agents by handle, by id and in id order, with the ids as they were sealed before the current tick, and
 * how many more each tenant may have.
 */

import { assert, compareIds, type AgentHandle } from "@wasm-engine/abi";
import type { Genesis } from "../model.js";
import type { Agent } from "./agent.js";

/** How many live agents a tenant may have. */
interface PopulationShare {
  readonly agentsMax: number;
  /** May also use places that nobody has reserved. */
  readonly elastic: boolean;
}

export class AgentTable {
  readonly #byHandle = new Map<AgentHandle, Agent>();
  readonly #byId = new Map<string, Agent>();
  /** Handles of ids that changed in the current tick, as before it. */
  readonly #sealed = new Map<string, AgentHandle | undefined>();
  readonly #shares: ReadonlyMap<string, PopulationShare>;
  readonly #population = new Map<string, number>();
  readonly #agentsMax: number;
  #sorted: Agent[] | undefined;

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

  /** In id order. */
  sorted(): readonly Agent[] {
    this.#sorted ??= [...this.#byHandle.values()].sort((left, right) => compareIds(left.id, right.id));
    return this.#sorted;
  }

  add(agent: Agent): void {
    assert(!this.#byHandle.has(agent.handle), "handles are unique");
    assert(!this.#byId.has(agent.id), "ids are unique");
    this.#rememberSealed(agent.id, undefined);
    this.#byHandle.set(agent.handle, agent);
    this.#byId.set(agent.id, agent);
    this.#count(agent, 1);
  }

  remove(agent: Agent): void {
    this.#rememberSealed(agent.id, agent.handle);
    this.#byHandle.delete(agent.handle);
    this.#byId.delete(agent.id);
    this.#count(agent, -1);
  }

  /** What `lookup` sees: ids as of the last seal. */
  sealedHandleOf(id: string): AgentHandle | undefined {
    if (this.#sealed.has(id)) return this.#sealed.get(id);
    return this.#byId.get(id)?.handle;
  }

  seal(): void {
    this.#sealed.clear();
  }

  #count(agent: Agent, change: 1 | -1): void {
    const { name } = agent.tenant;
    this.#population.set(name, (this.#population.get(name) ?? 0) + change);
    this.#sorted = undefined;
  }

  #rememberSealed(id: string, handle: AgentHandle | undefined): void {
    if (!this.#sealed.has(id)) this.#sealed.set(id, handle);
  }
}

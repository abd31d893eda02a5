/** Live agents by handle, by id and in id order, with the ids as they were sealed before the current tick. */

import { assert, compareIds, type AgentHandle } from "@wasm-engine/abi";
import type { Agent } from "./agent.js";

export class AgentTable {
  readonly #byHandle = new Map<AgentHandle, Agent>();
  readonly #byId = new Map<string, Agent>();
  /** Handles of ids that changed in the current tick, as before it. */
  readonly #sealed = new Map<string, AgentHandle | undefined>();
  #sorted: Agent[] | undefined;

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
    this.#sorted = undefined;
  }

  remove(agent: Agent): void {
    this.#rememberSealed(agent.id, agent.handle);
    this.#byHandle.delete(agent.handle);
    this.#byId.delete(agent.id);
    this.#sorted = undefined;
  }

  /** What `lookup` sees: ids as of the last seal. */
  sealedHandleOf(id: string): AgentHandle | undefined {
    if (this.#sealed.has(id)) return this.#sealed.get(id);
    return this.#byId.get(id)?.handle;
  }

  seal(): void {
    this.#sealed.clear();
  }

  #rememberSealed(id: string, handle: AgentHandle | undefined): void {
    if (!this.#sealed.has(id)) this.#sealed.set(id, handle);
  }
}

/** Handles to ids, for everyone who has ever lived in a world: what effects name is told by its id. */

import { OUTSIDE, type AgentHandle } from "@wasm-engine/abi";
import type { AgentView, WorldContract } from "@wasm-engine/core";

export interface KnownAgent {
  readonly id: string;
  readonly fuelPerSlice: number;
}

export class AgentNames {
  readonly #known: Map<AgentHandle, KnownAgent>;

  constructor(known: ReadonlyMap<AgentHandle, KnownAgent> = new Map()) {
    this.#known = new Map(known);
  }

  /** Learns who lives now. */
  learn(world: Pick<WorldContract, "agents">): void {
    for (const view of world.agents()) this.#add(view);
  }

  of(handle: AgentHandle): KnownAgent | undefined {
    return this.#known.get(handle);
  }

  /** null for the outside; a handle that nobody has ever had is told as its number. */
  idOf(handle: number): string | null {
    if (handle === OUTSIDE) return null;
    return this.#known.get(handle as AgentHandle)?.id ?? `#${handle}`; // brand: looked up only
  }

  has(id: string): boolean {
    return [...this.#known.values()].some((known) => known.id === id);
  }

  copy(): AgentNames {
    return new AgentNames(this.#known);
  }

  #add({ handle, agentId, spec }: AgentView): void {
    if (this.#known.has(handle)) return;
    this.#known.set(handle, { id: agentId, fuelPerSlice: spec.limits.fuelPerSlice });
  }
}

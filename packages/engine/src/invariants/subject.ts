/** A world as expressions see it: agents with figures, and what they describe once somebody asks for it. */

import type { AgentHandle } from "@wasm-engine/abi";
import type { AgentView, Json, WorldContract } from "@wasm-engine/core";
import type { Subject, SubjectAgent } from "../expression/evaluate.js";
import { stateOf } from "../world/described-state.js";

/** Looks at agents on copies of them. */
export interface AgentLook {
  describe(agent: AgentHandle): Json | undefined;
  /** What a function that its module exports returns; null where it faulted, undefined without one. */
  examine(agent: AgentHandle, name: string): number | null | undefined;
}

/** The world as of its last tick; to be used before the next one. */
export function subjectOf(world: WorldContract, look: AgentLook): Subject {
  const modules = new Map(Object.entries(world.genesis.modules).map(([name, digest]) => [digest, name]));
  const agents = world.agents().map((view) => subjectAgent(view, modules.get(view.spec.module) ?? "", look));
  return { tick: world.tick, agents };
}

function subjectAgent(view: AgentView, module: string, look: AgentLook): SubjectAgent {
  let described: { readonly state: unknown } | undefined;
  const { ledger } = view;
  return {
    id: () => view.agentId,
    status: () => view.status,
    module: () => module,
    tenant: () => view.spec.tenant,
    fuel: () => view.fuel,
    faults: () => view.faults,
    mailbox: () => view.mailbox.length,
    pending: () => view.pendingRequests.length,
    messages: () => ledger.messages,
    requests: () => ledger.requests,
    spawns: () => ledger.spawns,
    state: () => {
      described ??= { state: stateOf(look.describe(view.handle)) ?? null };
      return described.state;
    },
    holds: (name) => {
      const result = look.examine(view.handle, name);
      return result === undefined ? null : result !== null && result !== 0;
    },
  };
}

/** Read-only copies of agents for inspectors. */

import type { AgentView } from "../world-contract.js";
import type { Agent } from "./agent.js";

export function viewOf(agent: Agent): AgentView {
  return {
    agentId: agent.id,
    handle: agent.handle,
    spec: agent.spec,
    status: statusOf(agent),
    mailbox: agent.mailbox.toArray(),
    pendingRequests: [...agent.requests.values()].map(({ requestId, kind, deadlineTick }) => ({
      requestId,
      kind,
      deadlineTick,
    })),
    topics: [...agent.channels].sort(),
    ledger: { ...agent.ledger },
    faults: agent.faults,
    fuel: agent.fuel,
  };
}

/** A stopping agent counts as active until it has ended; ended ones are not part of the world. */
function statusOf(agent: Agent): AgentView["status"] {
  if (agent.turn !== undefined) return "busy";
  if (agent.paused) return "paused";
  return agent.needsInit || agent.needsStart ? "starting" : "active";
}

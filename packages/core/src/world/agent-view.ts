/** Read-only copies of agents for inspectors. */

import { unreachable } from "@wasm-engine/abi";
import type { PendingView } from "../model.js";
import type { AgentView } from "../world-contract.js";
import type { Agent } from "./agent.js";
import type { PendingRequest } from "./request.js";
import type { WorldState } from "./world-state.js";

export function viewOf(world: WorldState, agent: Agent): AgentView {
  return {
    agentId: agent.id,
    handle: agent.handle,
    spec: agent.spec,
    status: statusOf(agent),
    mailbox: agent.mailbox.toArray(),
    pendingRequests: pendingViews(world, agent),
    ...(agent.upgrade === undefined
      ? {}
      : { upgrade: { ...agent.upgrade, heldMessages: Math.max(0, agent.heldCount) } }),
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
  if (agent.heldCount >= 0) return "draining";
  return agent.needsInit || agent.needsStart ? "starting" : "active";
}

/** What the agent waits for, by request id. */
export function pendingViews(world: WorldState, agent: Agent): readonly PendingView[] {
  const requests = [...agent.requests.values()].sort((left, right) => left.requestId - right.requestId);
  return requests.map((request) => {
    const { requestId, kind, sinceTick, deadlineTick } = request;
    return { requestId, kind, name: nameOf(world, request), sinceTick, deadlineTick };
  });
}

function nameOf({ agents, taskTargets }: WorldState, request: PendingRequest): string {
  switch (request.kind) {
    case "send":
      return agents.byHandle(request.target)?.id ?? String(request.target);
    case "timer":
      return "";
    case "task": {
      const target = taskTargets.get(request.taskKey);
      const task = target === undefined ? undefined : agents.byHandle(target)?.tasks.get(request.taskKey);
      return task?.taskId ?? "";
    }
    case "inference":
    case "tool":
      return request.name;
    default:
      return unreachable(request, "kind of a request");
  }
}

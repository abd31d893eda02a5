/**
 * Opens and closes requests. Every opened request is closed exactly once, and whoever closes it gives the one
 * last answer. The index by callee and the timer queue are derived from the agents' own requests.
 */

import { assert, type AgentHandle } from "@wasm-engine/abi";
import { requestsPerAgentMax } from "../limits.js";
import { hasSpace, touch, type Agent } from "./agent.js";
import type { PendingRequest } from "./request.js";
import type { WorldState } from "./world-state.js";

/** False where too many requests of the agent are in flight, or too many bytes wait for it. */
export function openRequest(world: WorldState, agent: Agent, request: PendingRequest): boolean {
  if (agent.requests.size >= requestsPerAgentMax || !hasSpace(agent, plannedBytes(request))) return false;
  assert(!agent.requests.has(request.requestId), "request ids are used once");
  agent.requests.set(request.requestId, request);
  indexRequest(world, agent, request);
  touch(agent);
  return true;
}

/** Only timers hold bytes that come back. */
function plannedBytes(request: PendingRequest): number {
  return request.kind === "timer" ? request.topic.length + request.payload.length : 0;
}

/** Adds a request of the agent to the derived indexes; also after a restore. */
export function indexRequest(world: WorldState, agent: Agent, request: PendingRequest): void {
  agent.plannedBytes += plannedBytes(request);
  if (request.deadlineTick > 0) world.timers.add(request.deadlineTick, agent.handle, request.requestId);
  if (request.kind !== "send") return;
  agent.requestOfMessage.set(request.messageId, request.requestId);
  let waiting = world.incoming.get(request.target);
  if (waiting === undefined) {
    waiting = new Map();
    world.incoming.set(request.target, waiting);
  }
  waiting.set(`${agent.handle}:${request.requestId}`, [agent.handle, request.requestId]);
}

/**
 * Ends a request at `tick`, whose due entries have been taken from the timer queue.
 * The caller gives the answer.
 */
export function closeRequest(
  world: WorldState,
  agent: Agent,
  requestId: number,
  tick: number,
): PendingRequest | undefined {
  const request = agent.requests.get(requestId);
  if (request === undefined) return undefined;
  agent.requests.delete(requestId);
  agent.plannedBytes -= plannedBytes(request);
  touch(agent);
  if (request.deadlineTick > tick) world.timers.remove(request.deadlineTick);
  if (request.kind === "send") {
    agent.requestOfMessage.delete(request.messageId);
    const waiting = world.incoming.get(request.target);
    waiting?.delete(`${agent.handle}:${requestId}`);
    if (waiting?.size === 0) world.incoming.delete(request.target);
  }
  return request;
}

/** Requests that wait for an answer of `callee`, in an order that does not depend on history. */
export function requestsTo(world: WorldState, callee: AgentHandle): (readonly [AgentHandle, number])[] {
  const waiting = [...(world.incoming.get(callee)?.values() ?? [])];
  return waiting.sort((left, right) => left[0] - right[0] || left[1] - right[1]);
}

/**
 * The moment at which an agent is cut off: whoever waits for an answer that cannot come any more is told so at once,
 * as if the other had ended. Everything else that a cut means is asked of the table of cuts where it matters.
 */

import { OUTSIDE, assert, type AgentHandle } from "@wasm-engine/abi";
import { sortedTasks, touch, type Agent } from "./agent.js";
import { answerError, departError } from "./delivery.js";
import { closeRequest, requestsTo } from "./request-table.js";
import type { TickScope, WorldState } from "./world-state.js";

export function cutOff(world: WorldState, scope: TickScope, agent: Agent): void {
  if (!world.cuts.cutAgent(agent.id)) return;
  for (const [requester, requestId] of requestsTo(world, agent.handle))
    if (requester !== agent.handle) giveUp(world, scope, { requester, requestId, peer: agent.handle });
  for (const { owner, requestId } of sortedTasks(agent))
    if (owner !== agent.handle && owner !== OUTSIDE)
      giveUp(world, scope, { requester: owner, requestId, peer: agent.handle });
  for (const { requestId, peer } of questionsOf(world, agent))
    giveUp(world, scope, { requester: agent.handle, requestId, peer });
  for (const inputSeq of [...agent.asked].sort((left, right) => left - right))
    departError(scope, agent.id, inputSeq, "UNDELIVERABLE");
  agent.asked.clear();
  touch(agent);
}

/** What the agent has asked of others, in the order in which it did. */
function questionsOf(
  world: WorldState,
  agent: Agent,
): readonly { readonly requestId: number; readonly peer: AgentHandle }[] {
  return [...agent.requests.values()].flatMap((request) => {
    const { kind, requestId } = request;
    const peer =
      kind === "send" ? request.target : kind === "task" ? world.taskTargets.get(request.taskKey) : undefined;
    return peer === undefined || peer === agent.handle ? [] : [{ requestId, peer }];
  });
}

interface Question {
  readonly requester: AgentHandle;
  readonly requestId: number;
  readonly peer: AgentHandle;
}

function giveUp(world: WorldState, scope: TickScope, { requester, requestId, peer }: Question): void {
  const waiting = world.agents.byHandle(requester);
  if (waiting === undefined || waiting.ending) return;
  const closed = closeRequest(world, waiting, requestId, scope.tick);
  if (closed === undefined) return;
  assert(closed.kind === "send" || closed.kind === "task", "others are asked by messages and tasks only");
  answerError(world, scope, waiting, { requestId, code: "UNDELIVERABLE", peer });
}

/**
 * Commits the effects of one landed turn, in emission order. Everything that a guest can emit ends here in a
 * change, a refused answer or a dead letter; nothing that it emits can throw.
 */

import {
  EffectKind,
  Encoding,
  MessageFlag,
  MessageKind,
  OUTSIDE,
  decodeUtf8,
  encodeUtf8,
  readU64,
  unreachable,
} from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { channelsPerAgentMax } from "../limits.js";
import { touch, type Agent } from "./agent.js";
import { allows } from "./capability.js";
import { parseChildSpec, parseGuestTask } from "./child-spec.js";
import { engineMessage, enqueue } from "./delivery.js";
import { bodyOf, messageOf, openTurn, readEffect, relayed, type Emission } from "./emission.js";
import { markEnding } from "./ending.js";
import { joinChannels, startAgent } from "./lifecycle.js";
import { commitPublish, commitSend, deadlineOf, refuse } from "./message-commit.js";
import { closeRequest, openRequest } from "./request-table.js";
import { childRefusal } from "./start-refusal.js";
import { endTask } from "./task-table.js";
import { deadLetter, type TickScope, type WorldState } from "./world-state.js";

/** Commits what the landed turn of `agent` asked for. */
export function commitEffects(emission: Emission, agent: Agent): void {
  let start = openTurn(emission, agent);
  const end = start + agent.record.effectBytes;
  while (start < end) {
    start = readEffect(emission, start);
    if (emission.kind === EffectKind.SEND) commitSend(emission);
    else commitEffect(emission);
  }
}

function commitEffect(emission: Emission): void {
  const { world, scope, agent, kind } = emission;
  switch (kind) {
    case EffectKind.LOG: {
      const text = decodeUtf8(bodyOf(emission)) ?? "";
      scope.console.push({ agentId: agent.id, level: emission.level, text });
      return;
    }
    case EffectKind.SEND:
      return commitSend(emission);
    case EffectKind.PUBLISH:
      return commitPublish(emission);
    case EffectKind.JOIN:
    case EffectKind.LEAVE:
      return commitMembership(emission, kind === EffectKind.JOIN);
    case EffectKind.SCHEDULE:
      return commitTimer(emission);
    case EffectKind.TASK:
      return commitTask(emission);
    case EffectKind.CANCEL:
      return commitCancel(emission);
    case EffectKind.INFER:
    case EffectKind.CALL_TOOL:
      return commitExternal(emission, kind === EffectKind.INFER);
    case EffectKind.SPAWN:
      return commitSpawn(emission);
    case EffectKind.EXIT:
      noteExit(emission);
      return markEnding(world, scope, agent);
    default:
      return unreachable(kind, "effect kind");
  }
}

function noteExit(emission: Emission): void {
  const { scope, agent, plannedTick } = emission;
  if (agent.ending) return;
  const body = bodyOf(emission);
  const code = new DataView(body.buffer, body.byteOffset, body.byteLength).getInt32(0, true);
  const begun = plannedTick < scope.tick ? { plannedTick } : {};
  scope.exits.push({ agentId: agent.id, code, ...begun });
}

function commitMembership(emission: Emission, joins: boolean): void {
  const { scope, agent } = emission;
  const body = bodyOf(emission);
  const topic = decodeUtf8(body);
  const allowed = topic !== undefined && allows(agent.grants.topics, topic);
  if (allowed && topic !== "") scope.memberships.push({ agent, topic, joins });
  else deadLetter(scope, agent.id, "DENIED", membershipMessage(scope, body));
}

/** Applies the joins and leaves of a tick, in the order in which they were committed. */
export function applyMemberships(world: WorldState, scope: TickScope): void {
  for (const { agent, topic, joins } of scope.memberships.splice(0)) {
    if (agent.ending) continue;
    touch(agent);
    if (!joins) world.channels.leave(agent, topic);
    else if (agent.channels.size < channelsPerAgentMax || agent.channels.has(topic))
      world.channels.join(agent, topic);
    else deadLetter(scope, agent.id, "DENIED", membershipMessage(scope, encodeUtf8(topic)));
  }
}

function membershipMessage(scope: TickScope, topic: Uint8Array): Uint8Array {
  return engineMessage({ kind: MessageKind.MESSAGE, tick: scope.mailTick, topic });
}

/** Timers count from the tick of the turn; one that would have been due before the turn landed is due next. */
function commitTimer(emission: Emission): void {
  const { world, scope, agent, requestId, plannedTick: sinceTick } = emission;
  const deadlineTick = Math.max(scope.tick + 1, sinceTick + Math.max(1, emission.ticks));
  const { topic, encoding, payload } = messageOf(emission);
  const timer = { kind: "timer", requestId, sinceTick, deadlineTick, topic, encoding, payload } as const;
  if (!openRequest(world, agent, timer)) refuse(emission, "REFUSED");
}

function commitTask(emission: Emission): void {
  const { scope, agent, requestId } = emission;
  const { payload } = messageOf(emission);
  const spec = parseGuestTask(agent, payload, emission.plannedTick + Math.max(1, emission.ticks));
  const self = spec?.agentId === agent.id;
  if (spec === undefined || (!self && !allows(agent.grants.send, spec.agentId))) {
    const bytes = relayed(emission, { kind: MessageKind.TASK, correlationId: 0, flags: 0 });
    deadLetter(scope, agent.id, spec === undefined ? "TASK_FAILED" : "DENIED", bytes);
    return refuse(emission, "REFUSED");
  }
  scope.submissions.push({ spec, owner: agent, requestId });
}

/** Of a request that has been answered already nothing is left to cancel. */
function commitCancel(emission: Emission): void {
  const { world, scope, agent } = emission;
  const request = agent.requests.get(emission.requestId);
  if (request === undefined) return cancelSubmission(emission);
  if (request.kind === "task") {
    const target = world.agents.byHandle(world.taskTargets.get(request.taskKey) ?? OUTSIDE);
    const task = target?.tasks.get(request.taskKey);
    if (task?.running === false) return endTask(world, scope, task, { end: "cancelled" });
  }
  closeRequest(world, agent, emission.requestId, scope.tick);
  refuse(emission, "CANCELLED");
}

/** A task of this very tick is decided after all effects: cancelled before, it is never submitted. */
function cancelSubmission(emission: Emission): void {
  const { scope, agent } = emission;
  const index = scope.submissions.findIndex(
    ({ owner, requestId }) => owner === agent && requestId === emission.requestId,
  );
  if (index < 0) return;
  scope.submissions.splice(index, 1);
  refuse(emission, "CANCELLED");
}

function commitExternal(emission: Emission, isInference: boolean): void {
  const { world, scope, agent, requestId } = emission;
  const { genesis } = world;
  const { topic, encoding, payload } = messageOf(emission);
  const name = decodeUtf8(topic) ?? "";
  const { models, tools } = agent.grants;
  const granted = isInference ? allows(models, name) : allows(tools, name);
  const known = (isInference ? genesis.models : genesis.tools).includes(name);
  if (!granted || !known) return refuse(emission, "REFUSED");
  const kind = isInference ? "inference" : "tool";
  const deadlineTick = deadlineOf(scope, emission.ticks);
  const request = { kind, requestId, sinceTick: emission.plannedTick, deadlineTick, name } as const;
  if (!openRequest(world, agent, request)) return refuse(emission, "REFUSED");
  scope.requests.push({
    kind,
    agent: agent.handle,
    requestId,
    name,
    encoding,
    payload,
    tick: scope.tick,
    emissionIndex: emission.index,
  });
}

function commitSpawn(emission: Emission): void {
  const { world, scope, agent, source, bodyStart } = emission;
  const handle = readU64(source.view, bodyStart) as AgentHandle; // computed by the executor from parent and counter
  const spec = parseChildSpec(world.genesis, agent, bodyOf(emission).subarray(8));
  if (world.cuts.hasAgent(agent.id)) return refuse(emission, "REFUSED", handle);
  const reason = childRefusal(world, spec, handle);
  if (spec === undefined || reason !== undefined) return refuse(emission, "REFUSED", handle, reason);
  const firstTick = scope.mailTick;
  const [child, operation] = startAgent(world, { spec, handle, parent: agent.handle, firstTick });
  scope.operations.push(operation);
  joinChannels(scope, child);
  const answer = engineMessage({
    kind: MessageKind.ANSWER,
    encoding: Encoding.JSON,
    flags: MessageFlag.LAST_PART,
    correlationId: emission.requestId,
    peer: handle,
    tick: scope.mailTick,
    payload: encodeUtf8(JSON.stringify({ agentId: spec.id })),
  });
  if (!agent.ending) enqueue(world, scope, agent, answer);
}

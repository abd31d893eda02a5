/**
 * Commits the effects of one landed turn, in emission order. Everything that a guest can emit ends here in a
 * change, a refused answer or a dead letter; nothing that it emits can throw.
 */

import {
  EffectKind,
  MessageFlag,
  MessageKind,
  OUTSIDE,
  decodeEffects,
  decodeMessage,
} from "@wasm-engine/abi";
import { decodeUtf8, encodeMessage, encodeUtf8, limits, readU64, unreachable } from "@wasm-engine/abi";
import {
  Encoding,
  type AgentHandle,
  type AnswerErrorCode,
  type Effect,
  type Message,
} from "@wasm-engine/abi";
import { channelsPerAgentMax } from "../limits.js";
import { hasSpace, type Agent, type TurnRecord } from "./agent.js";
import { allows } from "./capability.js";
import { parseChildSpec, parseGuestTask } from "./child-spec.js";
import { answerError, engineMessage, enqueue, hasRoom, isReachable } from "./delivery.js";
import { markEnding } from "./ending.js";
import { joinChannels, startAgent } from "./lifecycle.js";
import { closeRequest, openRequest } from "./request-table.js";
import { childRefusal, type StartRefusal } from "./start-refusal.js";
import { endTask } from "./task-table.js";
import { deadLetter, type TickScope, type WorldState } from "./world-state.js";

/** Where an effect comes from. */
interface Emission {
  readonly world: WorldState;
  readonly scope: TickScope;
  readonly agent: Agent;
  readonly record: TurnRecord;
  readonly effect: Effect;
  readonly index: number;
}

export function commitEffects(world: WorldState, scope: TickScope, agent: Agent, record: TurnRecord): void {
  decodeEffects(record.outcome.effects).forEach((effect, index) => {
    commitEffect({ world, scope, agent, record, effect, index });
  });
}

function commitEffect(emission: Emission): void {
  const { world, scope, agent, effect } = emission;
  switch (effect.kind) {
    case EffectKind.LOG:
      scope.console.push({ agentId: agent.id, level: effect.level, text: decodeUtf8(effect.body) ?? "" });
      return;
    case EffectKind.SEND:
      return commitSend(emission, decodeMessage(effect.body));
    case EffectKind.PUBLISH:
      return commitPublish(emission, decodeMessage(effect.body));
    case EffectKind.JOIN:
    case EffectKind.LEAVE:
      return commitMembership(emission, effect.kind === EffectKind.JOIN);
    case EffectKind.SCHEDULE:
      return commitTimer(emission, decodeMessage(effect.body));
    case EffectKind.TASK:
      return commitTask(emission, decodeMessage(effect.body));
    case EffectKind.CANCEL:
      return commitCancel(emission);
    case EffectKind.INFER:
    case EffectKind.CALL_TOOL:
      return commitExternal(emission, decodeMessage(effect.body), effect.kind === EffectKind.INFER);
    case EffectKind.SPAWN:
      return commitSpawn(emission);
    case EffectKind.EXIT:
      return markEnding(world, scope, agent);
    default:
      return unreachable(effect.kind, "effect kind");
  }
}

function refuse(
  emission: Emission,
  code: AnswerErrorCode,
  peer: AgentHandle = OUTSIDE,
  reason?: StartRefusal,
): void {
  const { world, scope, agent, effect } = emission;
  if (effect.requestId === 0) return;
  answerError(world, scope, agent, {
    requestId: effect.requestId,
    code,
    peer,
    ...(reason === undefined ? {} : { reason }),
  });
}

function commitSend(emission: Emission, message: Message): void {
  if (message.kind === MessageKind.ANSWER) return commitAnswer(emission, message);
  const { world, scope, agent, effect } = emission;
  const receiver = world.agents.byHandle(message.peer);
  const wanted = effect.requestId > 0;
  const bytes = relayed(emission, message, {
    kind: MessageKind.MESSAGE,
    flags: wanted ? MessageFlag.ANSWER_WANTED : 0,
    correlationId: 0,
  });
  if (!isReachable(receiver)) {
    const reason = receiver?.ending === true ? "TERMINATED" : "UNDELIVERABLE";
    deadLetter(scope, receiver?.id ?? "", reason, bytes);
    return refuse(emission, "UNDELIVERABLE");
  }
  if (!allows(agent.spec.capabilities.send, receiver.id)) {
    deadLetter(scope, receiver.id, "DENIED", bytes);
    return refuse(emission, "REFUSED", receiver.handle);
  }
  if (!hasRoom(receiver, bytes)) {
    deadLetter(scope, receiver.id, "MAILBOX_FULL", bytes);
    return refuse(emission, "REFUSED", receiver.handle);
  }
  if (wanted) {
    const deadlineTick = deadlineOf(scope, effect.ticks);
    const { requestId } = effect;
    const { messageId } = message;
    const target = receiver.handle;
    if (!openRequest(world, agent, { kind: "send", requestId, deadlineTick, messageId, target })) {
      deadLetter(scope, receiver.id, "UNDELIVERABLE", bytes);
      return refuse(emission, "REFUSED", receiver.handle);
    }
  }
  enqueue(world, scope, receiver, bytes);
}

/** Answers need no capability: they go to whoever asked, as often as parts follow and once as the last. */
function commitAnswer(emission: Emission, message: Message): void {
  const { world, scope, agent } = emission;
  if (message.peer === OUTSIDE) return commitDepartingAnswer(emission, message);
  const requester = world.agents.byHandle(message.peer);
  const requestId = requester?.requestOfMessage.get(message.correlationId);
  const request = requestId === undefined ? undefined : requester?.requests.get(requestId);
  const flags = message.flags & (MessageFlag.LAST_PART | MessageFlag.ERROR);
  const bytes = relayed(emission, message, {
    kind: MessageKind.ANSWER,
    flags,
    correlationId: requestId ?? message.correlationId,
  });
  const asked = request?.kind === "send" && request.target === agent.handle;
  if (requester === undefined || requestId === undefined || requester.ending || !asked)
    return deadLetter(scope, requester?.id ?? "", "UNDELIVERABLE", bytes);
  const isLast = (flags & MessageFlag.LAST_PART) !== 0;
  const fits = isLast ? hasSpace(requester, bytes.length) : hasRoom(requester, bytes);
  if (isLast) closeRequest(world, requester, requestId, scope.tick);
  if (fits) return enqueue(world, scope, requester, bytes);
  deadLetter(scope, requester.id, "MAILBOX_FULL", bytes);
  if (isLast) answerError(world, scope, requester, { requestId, code: "REFUSED", peer: agent.handle });
}

function commitDepartingAnswer(emission: Emission, message: Message): void {
  const { scope, agent } = emission;
  const { correlationId: inputSeq, encoding } = message;
  if (!agent.asked.has(inputSeq)) {
    const kind = MessageKind.ANSWER;
    return deadLetter(scope, "", "UNDELIVERABLE", relayed(emission, message, { kind, flags: message.flags }));
  }
  const flags = message.flags & (MessageFlag.LAST_PART | MessageFlag.ERROR);
  if ((flags & MessageFlag.LAST_PART) !== 0) agent.asked.delete(inputSeq);
  const topic = decodeUtf8(message.topic) ?? "";
  const payload = message.payload.slice();
  scope.departures.push({ kind: "answer", agentId: agent.id, topic, encoding, payload, flags, inputSeq });
  agent.digest = undefined;
}

function commitPublish(emission: Emission, message: Message): void {
  const { world, scope, agent } = emission;
  const topic = decodeUtf8(message.topic);
  const bytes = relayed(emission, message, { kind: MessageKind.MESSAGE, flags: 0, correlationId: 0 });
  if (topic === undefined || !allows(agent.spec.capabilities.topics, topic))
    return deadLetter(scope, agent.id, "DENIED", bytes);
  const payload = message.payload.slice();
  const { encoding } = message;
  scope.departures.push({ kind: "publish", agentId: agent.id, topic, encoding, payload, flags: 0 });
  for (const member of world.channels.members(topic)) {
    if (member !== agent) deliverPublished(world, scope, member, bytes);
  }
}

/** Mail to a member of a topic: refused with a dead letter, never with an answer. */
export function deliverPublished(
  world: WorldState,
  scope: TickScope,
  member: Agent,
  bytes: Uint8Array,
): void {
  if (!isReachable(member))
    deadLetter(scope, member.id, member.ending ? "TERMINATED" : "UNDELIVERABLE", bytes);
  else if (hasRoom(member, bytes)) enqueue(world, scope, member, bytes);
  else deadLetter(scope, member.id, "MAILBOX_FULL", bytes);
}

function commitMembership(emission: Emission, joins: boolean): void {
  const { scope, agent, effect } = emission;
  const topic = decodeUtf8(effect.body);
  const allowed = topic !== undefined && allows(agent.spec.capabilities.topics, topic);
  if (allowed && topic !== "") scope.memberships.push({ agent, topic, joins });
  else deadLetter(scope, agent.id, "DENIED", membershipMessage(scope, effect.body));
}

/** Applies the joins and leaves of a tick, in the order in which they were committed. */
export function applyMemberships(world: WorldState, scope: TickScope): void {
  for (const { agent, topic, joins } of scope.memberships.splice(0)) {
    if (agent.ending) continue;
    agent.digest = undefined;
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
function commitTimer(emission: Emission, message: Message): void {
  const { world, scope, agent, effect, record } = emission;
  const { requestId } = effect;
  const deadlineTick = Math.max(scope.tick + 1, record.plannedTick + Math.max(1, effect.ticks));
  const { topic, encoding, payload } = message;
  const timer = {
    kind: "timer",
    requestId,
    deadlineTick,
    topic: topic.slice(),
    encoding,
    payload: payload.slice(),
  } as const;
  if (!openRequest(world, agent, timer)) refuse(emission, "REFUSED");
}

function commitTask(emission: Emission, message: Message): void {
  const { scope, agent, effect, record } = emission;
  const { requestId } = effect;
  const spec = parseGuestTask(agent, message.payload, record.plannedTick + Math.max(1, effect.ticks));
  const self = spec?.agentId === agent.id;
  if (spec === undefined || (!self && !allows(agent.spec.capabilities.send, spec.agentId))) {
    const bytes = relayed(emission, message, { kind: MessageKind.TASK, correlationId: 0, flags: 0 });
    deadLetter(scope, agent.id, spec === undefined ? "TASK_FAILED" : "DENIED", bytes);
    return refuse(emission, "REFUSED");
  }
  scope.submissions.push({ spec, owner: agent, requestId });
}

/** Of a request that has been answered already nothing is left to cancel. */
function commitCancel(emission: Emission): void {
  const { world, scope, agent, effect } = emission;
  const request = agent.requests.get(effect.requestId);
  if (request === undefined) return cancelSubmission(emission);
  if (request.kind === "task") {
    const target = world.agents.byHandle(world.taskTargets.get(request.taskKey) ?? OUTSIDE);
    const task = target?.tasks.get(request.taskKey);
    if (task?.running === false) return endTask(world, scope, task, { end: "cancelled" });
  }
  closeRequest(world, agent, effect.requestId, scope.tick);
  refuse(emission, "CANCELLED");
}

/** A task of this very tick is decided after all effects: cancelled before, it is never submitted. */
function cancelSubmission(emission: Emission): void {
  const { scope, agent, effect } = emission;
  const index = scope.submissions.findIndex(
    ({ owner, requestId }) => owner === agent && requestId === effect.requestId,
  );
  if (index < 0) return;
  scope.submissions.splice(index, 1);
  refuse(emission, "CANCELLED");
}

function commitExternal(emission: Emission, message: Message, isInference: boolean): void {
  const { world, scope, agent, effect } = emission;
  const { genesis } = world;
  const name = decodeUtf8(message.topic) ?? "";
  const { models, tools } = agent.spec.capabilities;
  const granted = isInference ? allows(models, name) : allows(tools, name);
  const known = (isInference ? genesis.models : genesis.tools).includes(name);
  if (!granted || !known) return refuse(emission, "REFUSED");
  const kind = isInference ? "inference" : "tool";
  const { requestId } = effect;
  const deadlineTick = deadlineOf(scope, effect.ticks);
  if (!openRequest(world, agent, { kind, requestId, deadlineTick, name })) return refuse(emission, "REFUSED");
  scope.requests.push({
    kind,
    agent: agent.handle,
    requestId,
    name,
    encoding: message.encoding,
    payload: message.payload.slice(),
    tick: scope.tick,
    emissionIndex: emission.index,
  });
}

function commitSpawn(emission: Emission): void {
  const { world, scope, agent, effect } = emission;
  const view = new DataView(effect.body.buffer, effect.body.byteOffset, effect.body.byteLength);
  const handle = readU64(view, 0) as AgentHandle; // computed by the executor from parent and counter
  const spec = parseChildSpec(world.genesis, agent, effect.body.subarray(8));
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
    correlationId: effect.requestId,
    peer: handle,
    tick: scope.mailTick,
    payload: encodeUtf8(JSON.stringify({ agentId: spec.id })),
  });
  if (!agent.ending) enqueue(world, scope, agent, answer);
}

/** The message as its receiver gets it: from this agent, deliverable from the next tick on. */
function relayed(emission: Emission, message: Message, changes: Partial<Message>): Uint8Array {
  const { agent, scope } = emission;
  return encodeMessage({ ...message, peer: agent.handle, tick: scope.mailTick, ...changes });
}

/** Tick at which a request that leaves now is answered TIMEOUT; 0 = never. */
function deadlineOf(scope: TickScope, timeoutTicks: number): number {
  if (timeoutTicks === 0) return 0;
  return scope.tick + (timeoutTicks < 0 ? limits.timeoutTicksDefault : timeoutTicks);
}

/**
 * Commits SEND and PUBLISH: messages to agents, answers, messages to topics. The common one, a message to an agent
 * that takes it, is copied once, from the record of its sender's turn to the mail of the next tick.
 */

import { MessageFlag, MessageKind, OUTSIDE, assert, decodeUtf8, limits } from "@wasm-engine/abi";
import type { AgentHandle, AnswerErrorCode } from "@wasm-engine/abi";
import { hasSpace, touch, type Agent } from "./agent.js";
import { allows } from "./capability.js";
import { answerError, enqueue, enqueuePlace, hasRoom, isReachable } from "./delivery.js";
import {
  messageIdOf,
  messageKindOf,
  messageOf,
  messagePeerOf,
  relayTo,
  relayed,
  type Emission,
  type RelayedFields,
} from "./emission.js";
import { closeRequest, openRequest } from "./request-table.js";
import type { StartRefusal } from "./start-refusal.js";
import { deadLetter, type TickScope, type WorldState } from "./world-state.js";

const PLAIN: RelayedFields = { kind: MessageKind.MESSAGE, flags: 0, correlationId: 0 };
const WANTED: RelayedFields = {
  kind: MessageKind.MESSAGE,
  flags: MessageFlag.ANSWER_WANTED,
  correlationId: 0,
};

/** Answers the request that the effect has started, if it has, with an error. */
export function refuse(
  emission: Emission,
  code: AnswerErrorCode,
  peer: AgentHandle = OUTSIDE,
  reason?: StartRefusal,
): void {
  const { world, scope, agent, requestId } = emission;
  if (requestId === 0) return;
  answerError(world, scope, agent, { requestId, code, peer, ...(reason === undefined ? {} : { reason }) });
}

/** Tick at which a request that leaves now is answered TIMEOUT; 0 = never. */
export function deadlineOf(scope: TickScope, timeoutTicks: number): number {
  if (timeoutTicks === 0) return 0;
  return scope.tick + (timeoutTicks < 0 ? limits.timeoutTicksDefault : timeoutTicks);
}

export function commitSend(emission: Emission): void {
  if (messageKindOf(emission) === MessageKind.ANSWER) return commitAnswer(emission);
  const { world, scope, agent, requestId, bodyBytes } = emission;
  const receiver = world.agents.byHandle(messagePeerOf(emission));
  const fields = requestId > 0 ? WANTED : PLAIN;
  if (!isReachable(receiver)) {
    const reason = receiver?.ending === true ? "TERMINATED" : "UNDELIVERABLE";
    deadLetter(scope, receiver?.id ?? "", reason, relayed(emission, fields));
    return refuse(emission, "UNDELIVERABLE");
  }
  if (world.cuts.separates(agent.id, receiver.id)) {
    deadLetter(scope, receiver.id, "CUT", relayed(emission, fields));
    return refuse(emission, "UNDELIVERABLE");
  }
  if (!allows(agent.grants.send, receiver.id)) {
    deadLetter(scope, receiver.id, "DENIED", relayed(emission, fields));
    return refuse(emission, "REFUSED", receiver.handle);
  }
  if (!hasRoom(receiver, bodyBytes)) {
    deadLetter(scope, receiver.id, "MAILBOX_FULL", relayed(emission, fields));
    return refuse(emission, "REFUSED", receiver.handle);
  }
  if (requestId > 0) {
    const deadlineTick = deadlineOf(scope, emission.ticks);
    const messageId = messageIdOf(emission);
    const target = receiver.handle;
    const { plannedTick: sinceTick } = emission;
    const request = { kind: "send", requestId, sinceTick, deadlineTick, messageId, target } as const;
    if (!openRequest(world, agent, request)) {
      deadLetter(scope, receiver.id, "UNDELIVERABLE", relayed(emission, fields));
      return refuse(emission, "REFUSED", receiver.handle);
    }
  }
  relay(emission, receiver, fields);
}

/** Enqueues the message, in the mail region where it finds room. */
function relay(emission: Emission, receiver: Agent, fields: RelayedFields): void {
  const { world, scope, bodyBytes } = emission;
  const place = world.mail.claim(bodyBytes);
  if (place < 0) return enqueue(world, scope, receiver, relayed(emission, fields));
  relayTo(emission, place, fields);
  assert(world.mail.bytesAt(place) === bodyBytes, "a relayed message has the length of its record");
  enqueuePlace(emission, receiver, place);
}

/** Answers need no capability: they go to whoever asked, as often as parts follow and once as the last. */
function commitAnswer(emission: Emission): void {
  const { world, scope, agent, bodyBytes } = emission;
  const peer = messagePeerOf(emission);
  const { correlationId, flags: allFlags } = answerFieldsOf(emission);
  if (peer === OUTSIDE) return commitDepartingAnswer(emission, correlationId, allFlags);
  const requester = world.agents.byHandle(peer);
  const requestId = requester?.requestOfMessage.get(correlationId);
  const request = requestId === undefined ? undefined : requester?.requests.get(requestId);
  const flags = allFlags & (MessageFlag.LAST_PART | MessageFlag.ERROR);
  const fields = { kind: MessageKind.ANSWER, flags, correlationId: requestId ?? correlationId };
  const asked = request?.kind === "send" && request.target === agent.handle;
  if (world.cuts.separates(agent.id, requester?.id))
    return deadLetter(scope, requester?.id ?? "", "CUT", relayed(emission, fields));
  if (requester === undefined || requestId === undefined || requester.ending || !asked)
    return deadLetter(scope, requester?.id ?? "", "UNDELIVERABLE", relayed(emission, fields));
  const isLast = (flags & MessageFlag.LAST_PART) !== 0;
  const fits = isLast ? hasSpace(requester, bodyBytes) : hasRoom(requester, bodyBytes);
  if (isLast) closeRequest(world, requester, requestId, scope.tick);
  if (fits) return relay(emission, requester, fields);
  deadLetter(scope, requester.id, "MAILBOX_FULL", relayed(emission, fields));
  if (isLast) answerError(world, scope, requester, { requestId, code: "REFUSED", peer: agent.handle });
}

function answerFieldsOf(emission: Emission): { readonly correlationId: number; readonly flags: number } {
  const { correlationId, flags } = messageOf(emission);
  return { correlationId, flags };
}

function commitDepartingAnswer(emission: Emission, inputSeq: number, allFlags: number): void {
  const { world, scope, agent } = emission;
  if (!agent.asked.has(inputSeq)) {
    const fields = { kind: MessageKind.ANSWER, flags: allFlags, correlationId: inputSeq };
    const reason = world.cuts.hasAgent(agent.id) ? "CUT" : "UNDELIVERABLE";
    return deadLetter(scope, "", reason, relayed(emission, fields));
  }
  const { encoding, topic: topicBytes, payload } = messageOf(emission);
  const flags = allFlags & (MessageFlag.LAST_PART | MessageFlag.ERROR);
  if ((flags & MessageFlag.LAST_PART) !== 0) agent.asked.delete(inputSeq);
  const topic = decodeUtf8(topicBytes) ?? "";
  scope.departures.push({ kind: "answer", agentId: agent.id, topic, encoding, payload, flags, inputSeq });
  touch(agent);
}

export function commitPublish(emission: Emission): void {
  const { world, scope, agent } = emission;
  const { topic: topicBytes, encoding, payload } = messageOf(emission);
  const topic = decodeUtf8(topicBytes);
  if (topic === undefined || !allows(agent.grants.topics, topic))
    return deadLetter(scope, agent.id, "DENIED", relayed(emission, PLAIN));
  if (world.cuts.hasTopic(topic) || world.cuts.hasAgent(agent.id))
    return deadLetter(scope, agent.id, "CUT", relayed(emission, PLAIN));
  scope.departures.push({ kind: "publish", agentId: agent.id, topic, encoding, payload, flags: 0 });
  const members = world.channels.members(topic);
  if (members.length === 0) return;
  const message = relayed(emission, PLAIN);
  const place = world.mail.put(message);
  for (const member of members) {
    if (member !== agent) deliverPublished(world, scope, member, { message, place });
  }
}

/** Mail for all members of a topic: in bytes of the heap, and where they lie in the mail region, or -1. */
export interface PublishedMail {
  readonly message: Uint8Array;
  readonly place: number;
}

/** Mail to a member of a topic: refused with a dead letter, never with an answer. */
export function deliverPublished(
  world: WorldState,
  scope: TickScope,
  member: Agent,
  mail: PublishedMail,
): void {
  const { message, place } = mail;
  if (!isReachable(member))
    deadLetter(scope, member.id, member.ending ? "TERMINATED" : "UNDELIVERABLE", message);
  else if (world.cuts.hasAgent(member.id)) deadLetter(scope, member.id, "CUT", message);
  else if (!hasRoom(member, message.length)) deadLetter(scope, member.id, "MAILBOX_FULL", message);
  else if (place < 0) enqueue(world, scope, member, message);
  else enqueuePlace({ world, scope, bodyBytes: message.length }, member, place);
}

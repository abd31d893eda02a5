/** Puts messages into mailboxes and agents into the queue of those that have work. Who may send is decided before. */

import {
  Encoding,
  FaultCode,
  MessageFlag,
  MessageKind,
  OUTSIDE,
  encodeMessage,
  encodeUtf8,
} from "@wasm-engine/abi";
import type { AgentHandle, AnswerErrorCode, Message } from "@wasm-engine/abi";
import { mailboxMessagesMax } from "../limits.js";
import { hasSpace, hasWork, touch, type Agent } from "./agent.js";
import { markEnding } from "./ending.js";
import { StartRefusal } from "./start-refusal.js";
import { NO_BYTES, type TickScope, type WorldState } from "./world-state.js";

/** Queues the agent from `sinceTick` on, unless it may not take turns or is queued already. */
export function wake(world: WorldState, agent: Agent, sinceTick: number): void {
  if (agent.runnableSince >= 0 || agent.paused || agent.turn !== undefined || agent.ending) return;
  agent.runnableSince = sinceTick;
  world.runnable.add(agent);
  touch(agent);
}

/** Queues the agent where it has work; the place where a turn, a pause or a timer has ended. */
export function wakeIfWork(world: WorldState, agent: Agent, sinceTick: number): void {
  if (hasWork(agent, sinceTick)) wake(world, agent, sinceTick);
}

export function sleep(world: WorldState, agent: Agent): void {
  if (agent.runnableSince < 0) return;
  agent.runnableSince = -1;
  world.runnable.remove(agent);
  touch(agent);
}

/** Mail beyond the agent's limits: answers, timers and the engine's own messages are never lost while it lives. */
export function enqueue(world: WorldState, scope: TickScope, agent: Agent, message: Uint8Array): void {
  if (agent.mailbox.length >= mailboxMessagesMax) return overflow(world, scope, agent);
  agent.mailbox.push(message);
  arrived(world, scope, agent);
}

/** The same for a message that lies in the mail region already. */
export function enqueuePlace(delivery: PlacedDelivery, agent: Agent, place: number): void {
  const { world, scope } = delivery;
  if (agent.mailbox.length >= mailboxMessagesMax) return overflow(world, scope, agent);
  agent.mailbox.pushPlace(place, delivery.bodyBytes);
  arrived(world, scope, agent);
}

/** The newest message of the mailbox has just come. */
function arrived(world: WorldState, scope: TickScope, agent: Agent): void {
  scope.messages += 1;
  touch(agent);
  if (agent.heldCount >= 0 && isHeld(agent)) return;
  wake(world, agent, scope.mailTick);
}

/** Of an agent that drains: answers overtake what waits for the upgrade, everything else waits with it. */
function isHeld(agent: Agent): boolean {
  const { mailbox } = agent;
  if (isAnswer(mailbox.kindAt(mailbox.length - 1))) {
    mailbox.overtake(agent.heldCount);
    return false;
  }
  agent.heldCount += 1;
  return true;
}

/** True for messages with the correlationId of a request of their receiver, parts included. */
export function isAnswer(kind: MessageKind): boolean {
  return kind >= MessageKind.ANSWER && kind <= MessageKind.TIMER;
}

/** Where a message comes from that lies in the mail region, and its bytes. */
export interface PlacedDelivery {
  readonly world: WorldState;
  readonly scope: TickScope;
  readonly bodyBytes: number;
}

function overflow(world: WorldState, scope: TickScope, agent: Agent): void {
  if (!agent.ending) scope.faults.push({ agentId: agent.id, code: FaultCode.HOST_DENIED, guestCode: 0 });
  markEnding(world, scope, agent);
}

/** True where a message of `bytes` that may be refused finds a place. */
export function hasRoom(agent: Agent, bytes: number): boolean {
  return agent.mailbox.length < agent.spec.limits.mailboxMessages && hasSpace(agent, bytes);
}

/** True where the agent takes new messages: neither ended in this tick nor about to stop. */
export function isReachable(agent: Agent | undefined): agent is Agent & { readonly ending: false } {
  return agent !== undefined && !agent.ending && agent.stopTick < 0;
}

/** A message of the engine itself: fields that are not given are empty. */
export function engineMessage(fields: Partial<Message> & Pick<Message, "kind" | "tick">): Uint8Array {
  return encodeMessage({
    encoding: Encoding.BYTES,
    flags: 0,
    messageId: 0,
    correlationId: 0,
    peer: OUTSIDE,
    topic: NO_BYTES,
    payload: NO_BYTES,
    ...fields,
  });
}

/** Canonical text of every error answer: part of what agents see, so that changing a word changes chains. */
const errorPayloads: Readonly<Record<AnswerErrorCode, Uint8Array>> = {
  TIMEOUT: errorPayload("TIMEOUT", "No answer came in time", true),
  CANCELLED: errorPayload("CANCELLED", "The request was cancelled", false),
  UNDELIVERABLE: errorPayload("UNDELIVERABLE", "The receiver does not exist or has ended", false),
  REFUSED: errorPayload("REFUSED", "The world refused the request", false),
  FAILED: errorPayload("FAILED", "The request was carried out and failed", false),
  OUTCOME_UNKNOWN: errorPayload("OUTCOME_UNKNOWN", "Whether the request was carried out is unknown", false),
};

/** Refused children: the answer says why. */
const startPayloads: ReadonlyMap<StartRefusal, Uint8Array> = new Map(
  Object.values(StartRefusal).map((reason) => [
    reason,
    errorPayload("REFUSED", `The child may not start: ${reason}`, false),
  ]),
);

function errorPayload(code: AnswerErrorCode, message: string, retryable: boolean): Uint8Array {
  return encodeUtf8(JSON.stringify({ code, message, retryable }));
}

/** The last answer to a request of `agent`, as an error of the engine. */
export function answerError(
  world: WorldState,
  scope: TickScope,
  agent: Agent,
  answer: {
    readonly requestId: number;
    readonly code: AnswerErrorCode;
    readonly peer?: AgentHandle;
    readonly reason?: StartRefusal;
  },
): void {
  const reasoned = answer.reason === undefined ? undefined : startPayloads.get(answer.reason);
  const message = engineMessage({
    kind: MessageKind.ANSWER,
    encoding: Encoding.JSON,
    flags: MessageFlag.ERROR | MessageFlag.LAST_PART,
    correlationId: answer.requestId,
    peer: answer.peer ?? OUTSIDE,
    tick: scope.mailTick,
    payload: reasoned ?? errorPayloads[answer.code],
  });
  if (!agent.ending) enqueue(world, scope, agent, message);
}

/** The last answer to a question from outside, as an error of the engine. */
export function departError(
  scope: TickScope,
  agentId: string,
  inputSeq: number,
  code: AnswerErrorCode,
): void {
  scope.departures.push({
    kind: "answer",
    agentId: agentId as Agent["id"], // the id that the question named
    topic: "",
    encoding: Encoding.JSON,
    payload: errorPayloads[code],
    flags: MessageFlag.ERROR | MessageFlag.LAST_PART,
    inputSeq,
  });
}

/**
 * Admits what is due at the beginning of tick t, in canonical order:
 *   1. timers, first ticks of tasks, cadences, stop deadlines, upgrades that have waited
 *   2. inputs of lifecycle, in log order
 *   3. results of inference and tools, by request id
 *   4. timeouts: a result of the same tick is in time
 *   5. other external inputs in log order; then the tasks among them, decided together
 * Messages committed at t - 1 are in the mailboxes already.
 */

import {
  MessageFlag,
  MessageKind,
  OUTSIDE,
  encodeMessage,
  encodeUtf8,
  handleOfId,
  messageBytes,
  unreachable,
  writeMessage,
} from "@wasm-engine/abi";
import type { AgentHandle, Encoding, Message, Sha256 } from "@wasm-engine/abi";
import type { Input, InputBody } from "../model.js";
import { eachDue, type DueEntry } from "../scheduler/timer-queue.js";
import { touch } from "./agent.js";
import { answerError, departError, engineMessage, enqueue, enqueuePlace, hasRoom } from "./delivery.js";
import { isReachable, sleep, wakeIfWork } from "./delivery.js";
import { deliverPublished } from "./message-commit.js";
import { cutOff } from "./cut-off.js";
import { markEnding } from "./ending.js";
import { joinChannels, startAgent, stopAgent } from "./lifecycle.js";
import { closeRequest } from "./request-table.js";
import { startRefusal } from "./start-refusal.js";
import { decideSubmissions } from "./task-table.js";
import { admitUpgrade, upgradeWhereDue } from "./upgrade.js";
import { NO_BYTES, deadLetter, type TickScope, type WorldState } from "./world-state.js";

type Body<K extends InputBody["kind"]> = Extract<InputBody, { readonly kind: K }>;
type Result = Body<"result">;
type Lifecycle = Body<
  "spawn" | "stop" | "terminate" | "pause" | "resume" | "upgrade" | "join" | "leave" | "cut" | "cut-topic"
>;

const LIFECYCLE: Readonly<Record<Lifecycle["kind"], true>> = {
  spawn: true,
  stop: true,
  terminate: true,
  pause: true,
  resume: true,
  upgrade: true,
  join: true,
  leave: true,
  cut: true,
  "cut-topic": true,
};

export function admit(world: WorldState, scope: TickScope, inputs: readonly Input[]): void {
  const { tick } = scope;
  world.endedTasks.expire(tick);
  world.idempotencyKeys.expire(tick);
  world.retiredLedgers.expire(tick);
  const due = world.timers.takeDue(tick);
  eachDue(due, (agent, id) => {
    fire(world, scope, agent, id);
  });
  const fresh = inputs.filter((input) => isFirst(world, scope, input));
  for (const { body } of fresh) if (isLifecycle(body)) admitLifecycle(world, scope, body);
  for (const [seq, body] of resultsOf(fresh)) admitResult(world, scope, seq, body);
  for (const entry of due.requests) timeOut(world, scope, entry);
  world.mail.admit(tick);
  for (const { seq, body } of fresh) admitExternal(world, scope, seq, body);
  decideSubmissions(world, scope);
}

/** False for a second input with the key of an earlier one. */
function isFirst(world: WorldState, scope: TickScope, input: Input): boolean {
  if (input.key === undefined) return true;
  if (world.idempotencyKeys.has(input.key)) {
    const { body } = input;
    const message =
      body.kind === "message" ? encodeMessage(externalMessage(scope, input.seq, body)) : NO_BYTES;
    deadLetter(scope, body.kind === "message" ? body.to : "", "DUPLICATE", message);
    return false;
  }
  world.idempotencyKeys.set(input.key, scope.tick + world.genesis.retainTicks, input.seq);
  return true;
}

function isLifecycle(body: InputBody): body is Lifecycle {
  return body.kind in LIFECYCLE;
}

function resultsOf(inputs: readonly Input[]): (readonly [number, Result])[] {
  const results: (readonly [number, Result])[] = [];
  for (const { seq, body } of inputs) if (body.kind === "result") results.push([seq, body]);
  return results.sort((left, right) => left[1].requestId - right[1].requestId);
}

/** Timers bring their message back; agents are looked at for tasks, cadence, stop deadline and upgrade. */
/** @param id of a request, or 0 */
function fire(world: WorldState, scope: TickScope, handle: AgentHandle, id: number): void {
  const agent = world.agents.byHandle(handle);
  if (agent === undefined || agent.ending) return;
  if (id === 0) {
    if (agent.stopTick >= 0 && agent.stopTick <= scope.tick) return markEnding(world, scope, agent);
    upgradeWhereDue(world, scope, agent);
    return wakeIfWork(world, agent, scope.tick);
  }
  const request = agent.requests.get(id);
  if (request?.kind !== "timer" || request.deadlineTick > scope.tick) return;
  closeRequest(world, agent, id, scope.tick);
  const message = engineMessage({
    kind: MessageKind.TIMER,
    encoding: request.encoding,
    flags: MessageFlag.LAST_PART,
    correlationId: id,
    peer: agent.handle,
    tick: scope.tick,
    topic: request.topic,
    payload: request.payload,
  });
  enqueue(world, scope, agent, message);
}

function timeOut(world: WorldState, scope: TickScope, entry: DueEntry): void {
  const agent = world.agents.byHandle(entry.agent);
  const request = agent?.requests.get(entry.id);
  if (agent === undefined || request === undefined || agent.ending) return;
  if (request.kind === "timer" || request.deadlineTick !== scope.tick) return;
  closeRequest(world, agent, entry.id, scope.tick);
  const peer = request.kind === "send" ? request.target : OUTSIDE;
  answerError(world, scope, agent, { requestId: entry.id, code: "TIMEOUT", peer });
}

function admitLifecycle(world: WorldState, scope: TickScope, body: Lifecycle): void {
  if (body.kind === "spawn") return admitSpawn(world, scope, body);
  if (body.kind === "cut-topic") return world.cuts.cutTopic(body.topic);
  const agent = world.agents.byId(body.agent);
  if (agent === undefined || agent.ending) return deadLetter(scope, body.agent, "UNDELIVERABLE", NO_BYTES);
  touch(agent);
  switch (body.kind) {
    case "stop":
      return stopAgent(world, scope, agent);
    case "terminate":
      return markEnding(world, scope, agent);
    case "pause":
      agent.paused = agent.stopTick < 0;
      if (agent.paused) sleep(world, agent);
      return;
    case "resume":
      agent.paused = false;
      return wakeIfWork(world, agent, scope.tick);
    case "upgrade":
      return admitUpgrade(world, scope, agent, body);
    case "cut":
      return cutOff(world, scope, agent);
    case "join":
    case "leave":
      scope.memberships.push({ agent, topic: body.topic, joins: body.kind === "join" });
      return;
    default:
      return unreachable(body, "lifecycle input");
  }
}

function admitSpawn(world: WorldState, scope: TickScope, body: Body<"spawn">): void {
  const sha256: Sha256 = (bytes) => world.hasher.sha256(bytes);
  const handle = handleOfId(sha256, body.spec.id);
  if (startRefusal(world, body.spec, handle) !== undefined)
    return deadLetter(scope, body.spec.id, "DENIED", NO_BYTES);
  const start = { spec: body.spec, handle, parent: OUTSIDE, firstTick: scope.tick };
  const [agent, operation] = startAgent(world, start);
  scope.operations.push(operation);
  joinChannels(scope, agent);
}

function admitResult(world: WorldState, scope: TickScope, seq: number, body: Result): void {
  const agent = world.agents.byHandle(body.agent);
  const request = agent?.requests.get(body.requestId);
  const expected = body.source === "tool" ? "tool" : "inference";
  const kinds = {
    inference: MessageKind.INFERENCE,
    token: MessageKind.TOKEN,
    tool: MessageKind.TOOL,
  } as const;
  const isLast = body.last || !body.ok;
  const message = engineMessage({
    kind: kinds[body.source],
    encoding: body.encoding,
    flags: (isLast ? MessageFlag.LAST_PART : 0) | (body.ok ? 0 : MessageFlag.ERROR),
    messageId: seq,
    correlationId: body.requestId,
    tick: scope.tick,
    topic: request !== undefined && "name" in request ? encodeUtf8(request.name) : NO_BYTES,
    payload: body.payload,
  });
  if (agent === undefined || request?.kind !== expected || agent.ending)
    return deadLetter(scope, agent?.id ?? "", "UNDELIVERABLE", message);
  if (isLast) closeRequest(world, agent, body.requestId, scope.tick);
  enqueue(world, scope, agent, message);
}

function admitExternal(world: WorldState, scope: TickScope, seq: number, body: InputBody): void {
  if (body.kind === "task") scope.submissions.push({ spec: body.task, owner: undefined, requestId: 0 });
  else if (body.kind === "message") admitMessage(world, scope, seq, body);
  else if (body.kind === "publish") {
    const message = encodeMessage(externalMessage(scope, seq, { ...body, answerWanted: false }));
    if (world.cuts.hasTopic(body.topic)) return deadLetter(scope, "", "CUT", message);
    for (const member of world.channels.members(body.topic))
      deliverPublished(world, scope, member, { message, place: -1 });
  }
}

function admitMessage(world: WorldState, scope: TickScope, seq: number, body: Body<"message">): void {
  const receiver = world.agents.byId(body.to);
  const message = externalMessage(scope, seq, body);
  if (receiver !== undefined && world.cuts.hasAgent(receiver.id)) {
    deadLetter(scope, body.to, "CUT", encodeMessage(message));
    if (body.answerWanted) departError(scope, body.to, seq, "UNDELIVERABLE");
    return;
  }
  const bytes = messageBytes(message.topic.length, message.payload.length);
  const full = isReachable(receiver) && !hasRoom(receiver, bytes);
  if (!isReachable(receiver) || full) {
    deadLetter(scope, body.to, full ? "MAILBOX_FULL" : "UNDELIVERABLE", encodeMessage(message));
    if (body.answerWanted) departError(scope, body.to, seq, full ? "REFUSED" : "UNDELIVERABLE");
    return;
  }
  if (body.answerWanted) receiver.asked.add(seq);
  const place = world.mail.claim(bytes);
  if (place < 0) return enqueue(world, scope, receiver, encodeMessage(message));
  const { region } = world.mail;
  writeMessage(message, region.bytes, region.view, place);
  enqueuePlace({ world, scope, bodyBytes: bytes }, receiver, place);
}

interface ExternalContent {
  readonly topic: string;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly answerWanted: boolean;
}

function externalMessage(scope: TickScope, seq: number, content: ExternalContent): Message {
  return {
    kind: MessageKind.MESSAGE,
    encoding: content.encoding,
    flags: content.answerWanted ? MessageFlag.ANSWER_WANTED : 0,
    messageId: seq,
    correlationId: 0,
    peer: OUTSIDE satisfies AgentHandle,
    tick: scope.tick,
    topic: encodeUtf8(content.topic),
    payload: content.payload,
  };
}

/**
 * Host functions that take a message: send, publish, schedule, infer, call_tool. Checks go from the pointer to the
 * arguments to the limits; a refused call leaves nothing behind but its charge.
 */

import { EffectKind, Encoding, MessageFlag, MessageKind, Refusal, limits } from "@wasm-engine/abi";
import { isJsonObject } from "./guest-json.js";
import { readGuestMessage } from "./guest-message.js";
import type { HostContext } from "./host-context.js";
import { effectFuel, jsonFuelPerByte } from "./limits.js";

/** -1: the default of the world; 0: never. */
const TIMEOUT_MIN = -1;

export function send(host: HostContext, pointer: number, timeoutTicks: number): number {
  const message = host.message;
  const refusal = readGuestMessage(host.memory, pointer, message, host);
  if (refusal !== 0) return refusal;
  const isAnswer = message.kind === MessageKind.ANSWER;
  if (!isAnswer && message.kind !== MessageKind.MESSAGE) return Refusal.BAD_MESSAGE;
  const wanted = (message.flags & MessageFlag.ANSWER_WANTED) !== 0;
  if (isAnswer && wanted) return Refusal.BAD_MESSAGE;
  if (timeoutTicks < TIMEOUT_MIN) return Refusal.BAD_ARGUMENT;
  if (!mayEmit(host, message.bytes) || !maySend(host)) return Refusal.LIMIT;
  if (wanted && !mayRequest(host)) return Refusal.LIMIT;
  const requestId = wanted ? startRequest(host) : 0;
  record(host, EffectKind.SEND, requestId, wanted ? timeoutTicks : 0);
  return requestId;
}

export function publish(host: HostContext, pointer: number): number {
  const message = host.message;
  const refusal = readGuestMessage(host.memory, pointer, message, host);
  if (refusal !== 0) return refusal;
  if (message.kind !== MessageKind.MESSAGE) return Refusal.BAD_MESSAGE;
  if (message.topicBytes === 0) return Refusal.BAD_ARGUMENT;
  if (!mayEmit(host, message.bytes) || !maySend(host)) return Refusal.LIMIT;
  record(host, EffectKind.PUBLISH, 0, 0);
  return 0;
}

export function schedule(host: HostContext, pointer: number, delayTicks: number): number {
  const message = host.message;
  const refusal = readGuestMessage(host.memory, pointer, message, host);
  if (refusal !== 0) return refusal;
  const isTask = message.kind === MessageKind.TASK;
  if (!isTask && message.kind !== MessageKind.TIMER) return Refusal.BAD_MESSAGE;
  if (isTask) {
    if (message.encoding !== Encoding.JSON) return Refusal.BAD_MESSAGE;
    host.chargeFuel(message.payloadBytes * jsonFuelPerByte);
    const end = message.payloadStart + message.payloadBytes;
    const verdict = isJsonObject(host.memory.bytes.subarray(message.payloadStart, end));
    if (verdict !== 0) return verdict;
  }
  if (delayTicks < 0) return Refusal.BAD_ARGUMENT;
  if (!mayEmit(host, message.bytes) || !mayRequest(host)) return Refusal.LIMIT;
  const requestId = startRequest(host);
  const kind = isTask ? EffectKind.TASK : EffectKind.SCHEDULE;
  record(host, kind, requestId, isTask ? delayTicks : Math.max(1, delayTicks));
  return requestId;
}

export function infer(host: HostContext, pointer: number, timeoutTicks: number): number {
  return askOutside(host, pointer, timeoutTicks, EffectKind.INFER);
}

export function callTool(host: HostContext, pointer: number, timeoutTicks: number): number {
  return askOutside(host, pointer, timeoutTicks, EffectKind.CALL_TOOL);
}

function askOutside(
  host: HostContext,
  pointer: number,
  timeoutTicks: number,
  kind: typeof EffectKind.INFER | typeof EffectKind.CALL_TOOL,
): number {
  const message = host.message;
  const refusal = readGuestMessage(host.memory, pointer, message, host);
  if (refusal !== 0) return refusal;
  if (message.kind !== MessageKind.MESSAGE) return Refusal.BAD_MESSAGE;
  if (message.topicBytes === 0 || timeoutTicks < TIMEOUT_MIN) return Refusal.BAD_ARGUMENT;
  if (!mayEmit(host, message.bytes) || !mayRequest(host)) return Refusal.LIMIT;
  const requestId = startRequest(host);
  record(host, kind, requestId, timeoutTicks);
  return requestId;
}

/** Records the message that was read; those that are sent or published get the sender's next number. */
function record(host: HostContext, kind: EffectKind, requestId: number, ticks: number): void {
  const { effects, message, memory, stamp } = host;
  stamp.requestId = requestId;
  stamp.ticks = ticks;
  stamp.messageId = kind === EffectKind.SEND || kind === EffectKind.PUBLISH ? startMessage(host) : 0;
  effects.appendMessage(kind, message, memory, stamp);
}

/** True where the turn has room for a further record; charges it then. */
export function mayEmit(host: HostContext, bodyBytes: number): boolean {
  if (!host.effects.fits(bodyBytes)) return false;
  host.chargeFuel(effectFuel);
  return true;
}

export function mayRequest(host: HostContext): boolean {
  return host.ledger.requests < limits.requestIdMax;
}

export function startRequest(host: HostContext): number {
  host.ledger.requests += 1;
  return host.ledger.requests;
}

function maySend(host: HostContext): boolean {
  return host.turnMessages < host.messagesPerTurnMax && host.ledger.messages < limits.safeIntegerMax;
}

function startMessage(host: HostContext): number {
  host.turnMessages += 1;
  host.ledger.messages += 1;
  return host.ledger.messages;
}

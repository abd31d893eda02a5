/**
 * Host functions with AssemblyScript types. Results below 0 are refusals (`Refusal`): nothing was sent then.
 * A payload is a `JsonWriter` or `Json` (JSON), a string (text), a `Uint8Array` (bytes), a `Tensor` or an array of
 * them (tensors), or a `Message` (as it came).
 * A receiver is an agent's id or its handle.
 */

import {
  Encoding,
  Limit,
  LogLevel,
  MessageField,
  MessageFlag,
  MessageKind,
  Refusal,
  host_call_tool,
  host_cancel,
  host_exit,
  host_infer,
  host_join,
  host_leave,
  host_log,
  host_lookup,
  host_publish,
  host_random,
  host_schedule,
  host_send,
  host_spawn,
  host_tick,
  host_time,
} from "./abi";
import { Json } from "./json";
import { JsonWriter } from "./json-writer";
import { Message } from "./message";
import { Tensor, tensorPayloadBytes, writeTensors } from "./tensor";

/** The world's default timeout of a request. */
export const DEFAULT_TIMEOUT: i32 = -1;
/** A request that waits for ever. */
export const NO_TIMEOUT: i32 = 0;

/** A buffer above this size is given back after use. */
const KEPT_BYTES: i32 = 65_536;

let outgoing: usize = 0;
let outgoingBytes: i32 = 0;

const wordBytes = memory.data(8, 8);

/** Sends to one agent. 0, or a refusal. */
export function send<To, Payload>(to: To, topic: string, payload: Payload): i32 {
  const peer = handleFrom<To>(to);
  if (peer == u64.MAX_VALUE) return Refusal.NOT_FOUND;
  return host_send(compose<Payload>(MessageKind.MESSAGE, 0, 0, peer, topic, payload), DEFAULT_TIMEOUT);
}

/** Asks one agent. A request id > 0: the answer has it as `correlationId`. */
export function request<To, Payload>(
  to: To,
  topic: string,
  payload: Payload,
  timeoutTicks: i32 = DEFAULT_TIMEOUT,
): i32 {
  const peer = handleFrom<To>(to);
  if (peer == u64.MAX_VALUE) return Refusal.NOT_FOUND;
  const flags = MessageFlag.ANSWER_WANTED;
  return host_send(compose<Payload>(MessageKind.MESSAGE, flags, 0, peer, topic, payload), timeoutTicks);
}

/** Answers message `messageId` of `peer`: what `Message.reply` does, for a request that was kept as two numbers. */
export function answerTo<Payload>(peer: u64, messageId: u64, flags: i32, payload: Payload): i32 {
  return host_send(
    compose<Payload>(MessageKind.ANSWER, flags, messageId, peer, "", payload),
    DEFAULT_TIMEOUT,
  );
}

/** Publishes to the members of a topic, this agent excepted. */
export function publish<Payload>(topic: string, payload: Payload): i32 {
  return host_publish(compose<Payload>(MessageKind.MESSAGE, 0, 0, 0, topic, payload));
}

/** Becomes a member of a topic from the next tick on. */
export function join(topic: string): i32 {
  const bytes = encodeText(topic);
  return host_join(outgoing, bytes);
}

export function leave(topic: string): i32 {
  const bytes = encodeText(topic);
  return host_leave(outgoing, bytes);
}

/** Comes back to `onTimer` after `delayTicks`, at least 1. A request id > 0. */
export function after<Payload>(delayTicks: i32, topic: string, payload: Payload): i32 {
  return host_schedule(compose<Payload>(MessageKind.TIMER, 0, 0, 0, topic, payload), delayTicks);
}

/** Schedules the task `{taskId, agentId?, priority?, payload?, dependsOn?, onDependencyFailure?}`; answered when it completes. */
export function scheduleTask(task: JsonWriter, delayTicks: i32 = 0): i32 {
  return host_schedule(compose<JsonWriter>(MessageKind.TASK, 0, 0, 0, "", task), delayTicks);
}

/** Cancels a pending request; it is then answered CANCELLED. */
export function cancel(requestId: i32): i32 {
  return host_cancel(requestId);
}

/** Asks a model: with a `Tensor`, a `Tensor[]` or JSON; the answer comes in the same encoding. A request id > 0. */
export function infer<Payload>(model: string, payload: Payload, timeoutTicks: i32 = DEFAULT_TIMEOUT): i32 {
  return host_infer(compose<Payload>(MessageKind.MESSAGE, 0, 0, 0, model, payload), timeoutTicks);
}

/** Calls a tool. A request id > 0. */
export function callTool<Payload>(tool: string, payload: Payload, timeoutTicks: i32 = DEFAULT_TIMEOUT): i32 {
  return host_call_tool(compose<Payload>(MessageKind.MESSAGE, 0, 0, 0, tool, payload), timeoutTicks);
}

/** Starts a child. A request id > 0; `spawnedHandle` is its handle, addressable at once. */
export function spawn(spec: JsonWriter): i32 {
  const start = spec.finish();
  return host_spawn(start, spec.byteLength, wordBytes);
}

/** Handle of the child of the last successful `spawn`; read it before any other call of this module. */
export function spawnedHandle(): u64 {
  return load<u64>(wordBytes);
}

/** Handle of an agent; `u64.MAX_VALUE` where there was none at the last tick. */
export function lookup(id: string): u64 {
  const bytes = encodeText(id);
  return host_lookup(outgoing, bytes, wordBytes) < 0 ? u64.MAX_VALUE : load<u64>(wordBytes);
}

/** Writes a line to the agent's console. */
export function log(text: string): void {
  logAt(LogLevel.INFO, text);
}

export function logAt(level: LogLevel, text: string): void {
  const bytes = encodeText(text);
  host_log(level, outgoing, bytes);
}

/** A number in [0, 1) with 53 random bits, from this agent's stream of that name. */
export function random(stream: string = "default"): f64 {
  fillRandom(stream, wordBytes, 8);
  return <f64>(load<u64>(wordBytes) >> 11) * (1.0 / 9007199254740992.0);
}

export function randomBytes(bytes: i32, stream: string = "default"): Uint8Array {
  const result = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += Limit.RANDOM_BYTES_MAX) {
    fillRandom(stream, result.dataStart + <usize>at, min(bytes - at, <i32>Limit.RANDOM_BYTES_MAX));
  }
  return result;
}

/** The current tick. */
export function tick(): u64 {
  return <u64>host_tick();
}

/** Virtual time: nanoseconds since 1970-01-01T00:00:00Z. */
export function time(): i64 {
  return host_time();
}

/** Ends this agent at the seal of this turn. */
export function exit(code: i32 = 0): void {
  host_exit(code);
}

function fillRandom(stream: string, target: usize, bytes: i32): void {
  const nameBytes = encodeText(stream);
  const result = host_random(outgoing, nameBytes, target, bytes);
  assert(result >= 0, "the random stream was refused");
}

function handleFrom<To>(to: To): u64 {
  if (isString<To>()) return lookup(changetype<string>(to));
  else return <u64>to;
}

/** Encodes text to the start of the outgoing buffer; its bytes. */
function encodeText(text: string): i32 {
  reserve(text.length * 3);
  return <i32>encodeAt(text, outgoing);
}

function encodeAt(text: string, at: usize): usize {
  return String.UTF8.encodeUnsafe(
    changetype<usize>(text),
    text.length,
    at,
    false,
    String.UTF8.ErrorMode.REPLACE,
  );
}

function reserve(bytes: i32): void {
  if (bytes <= outgoingBytes && (outgoingBytes <= KEPT_BYTES || bytes > KEPT_BYTES)) return;
  if (outgoing != 0) heap.free(outgoing);
  outgoingBytes = max(bytes, 1024);
  outgoing = heap.alloc(outgoingBytes);
}

/** Writes a whole message to the outgoing buffer; its address. */
function compose<Payload>(
  kind: MessageKind,
  flags: i32,
  correlationId: u64,
  peer: u64,
  topic: string,
  payload: Payload,
): usize {
  const header = <i32>Limit.MESSAGE_HEADER_BYTES;
  reserve(header + topic.length * 3 + 7 + payloadBytesMax<Payload>(payload));
  const at = outgoing;
  const topicBytes = <i32>encodeAt(topic, at + <usize>header);
  const topicEnd = header + topicBytes;
  const body = (topicEnd + 7) & ~7;
  memory.fill(at + <usize>topicEnd, 0, body - topicEnd);
  store<u32>(at, header, MessageField.HEADER_BYTES);
  store<u16>(at, <u16>kind, MessageField.KIND);
  store<u8>(at, <u8>encodingOf<Payload>(payload), MessageField.ENCODING);
  store<u8>(at, <u8>flags, MessageField.FLAGS);
  store<u64>(at, 0, MessageField.MESSAGE_ID);
  store<u64>(at, correlationId, MessageField.CORRELATION_ID);
  store<u64>(at, peer, MessageField.PEER);
  store<u64>(at, 0, MessageField.TICK);
  store<i32>(at, topicBytes, MessageField.TOPIC_BYTES);
  store<i32>(at, writePayload<Payload>(payload, at + <usize>body), MessageField.PAYLOAD_BYTES);
  return at;
}

function payloadBytesMax<Payload>(payload: Payload): i32 {
  if (isString<Payload>()) return changetype<string>(payload).length * 3;
  if (idof<Payload>() == idof<JsonWriter>()) {
    const writer = changetype<JsonWriter>(payload);
    writer.finish();
    return writer.byteLength;
  }
  if (idof<Payload>() == idof<Json>()) {
    const json = changetype<Json>(payload);
    return <i32>(json.end - json.start);
  }
  if (idof<Payload>() == idof<Message>()) return changetype<Message>(payload).payloadBytes;
  if (idof<Payload>() == idof<Tensor>()) return tensorPayloadBytes([changetype<Tensor>(payload)]);
  if (idof<Payload>() == idof<Array<Tensor>>()) return tensorPayloadBytes(changetype<Array<Tensor>>(payload));
  return changetype<Uint8Array>(payload).length;
}

function encodingOf<Payload>(payload: Payload): i32 {
  if (isString<Payload>()) return Encoding.TEXT;
  if (idof<Payload>() == idof<JsonWriter>()) return Encoding.JSON;
  if (idof<Payload>() == idof<Json>()) return Encoding.JSON;
  if (idof<Payload>() == idof<Message>()) return changetype<Message>(payload).encoding;
  if (idof<Payload>() == idof<Uint8Array>()) return Encoding.BYTES;
  if (idof<Payload>() == idof<Tensor>()) return Encoding.TENSOR;
  if (idof<Payload>() == idof<Array<Tensor>>()) return Encoding.TENSOR;
  assert(false, "a payload is a JsonWriter, Json, string, Uint8Array, Tensor, Array<Tensor> or Message");
  return 0;
}

function writePayload<Payload>(payload: Payload, at: usize): i32 {
  if (isString<Payload>()) return <i32>encodeAt(changetype<string>(payload), at);
  if (idof<Payload>() == idof<Tensor>()) return writeTensors([changetype<Tensor>(payload)], at);
  if (idof<Payload>() == idof<Array<Tensor>>()) return writeTensors(changetype<Array<Tensor>>(payload), at);
  const bytes = payloadBytesMax<Payload>(payload);
  if (idof<Payload>() == idof<JsonWriter>()) memory.copy(at, changetype<JsonWriter>(payload).finish(), bytes);
  else if (idof<Payload>() == idof<Json>()) memory.copy(at, changetype<Json>(payload).start, bytes);
  else if (idof<Payload>() == idof<Message>())
    memory.copy(at, changetype<Message>(payload).payloadPointer, bytes);
  else memory.copy(at, changetype<Uint8Array>(payload).dataStart, bytes);
  return bytes;
}

/**
 * Canonical form of inputs. `encodeInput` is the whole input as stored; `encodeWorldInput` leaves
 * out `source`, which only tells a resumed run where to go on reading and never enters the world,
 * its digests or its chain.
 */

import { Encoding, assert, limits, type AgentHandle } from "@wasm-engine/abi";
import { PROVIDER_NAMES } from "../inference-port.js";
import { drainTicksMax } from "../limits.js";
import type { Input, InputBody, TaskSpec } from "../model.js";
import { decodeCanonical, encodeCanonical } from "./cbor.js";
import { encodeMessageInput } from "./message-input-codec.js";
import { readOrdinaryInput } from "./ordinary-input.js";
import { agentIdShape, agentSpecShape, moduleDigestShape } from "./genesis-codec.js";
import {
  bytes,
  decodeShape,
  encodeShape,
  flag,
  integer,
  list,
  oneOf,
  optional,
  primitive,
  record,
  text,
  union,
  type CaseOf,
  type Shape,
} from "./shape.js";

type Case<K extends InputBody["kind"]> = CaseOf<InputBody, K>;

const encodingShape = oneOf(...Object.values(Encoding));
export const handleShape: Shape<AgentHandle> = primitive(
  "a handle",
  (value): value is AgentHandle => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
);

const taskShape: Shape<TaskSpec> = record<TaskSpec>({
  taskId: text,
  agentId: agentIdShape,
  priority: integer(Number.MIN_SAFE_INTEGER),
  encoding: encodingShape,
  payload: bytes(),
  dependsOn: list(text),
  onDependencyFailure: oneOf("fail", "skip", "run"),
  notBefore: integer(),
});

const lifecycleShape: Shape<Case<"stop">> = record<Case<"stop">>({
  kind: oneOf("stop", "terminate", "pause", "resume"),
  agent: agentIdShape,
});

const membershipShape: Shape<Case<"join">> = record<Case<"join">>({
  kind: oneOf("join", "leave"),
  agent: agentIdShape,
  topic: text,
});

export const inputBodyShape: Shape<InputBody> = union<InputBody>({
  message: record<Case<"message">>({
    kind: oneOf("message"),
    to: agentIdShape,
    topic: text,
    encoding: encodingShape,
    payload: bytes(),
    answerWanted: flag,
  }),
  publish: record<Case<"publish">>({
    kind: oneOf("publish"),
    topic: text,
    encoding: encodingShape,
    payload: bytes(),
  }),
  task: record<Case<"task">>({ kind: oneOf("task"), task: taskShape }),
  spawn: record<Case<"spawn">>({ kind: oneOf("spawn"), spec: agentSpecShape }),
  stop: lifecycleShape,
  terminate: lifecycleShape,
  pause: lifecycleShape,
  resume: lifecycleShape,
  upgrade: record<Case<"upgrade">>({
    kind: oneOf("upgrade"),
    agent: agentIdShape,
    module: moduleDigestShape,
    drainTicks: optional(integer(1, drainTicksMax)),
  }),
  cut: record<Case<"cut">>({ kind: oneOf("cut"), agent: agentIdShape }),
  "cut-topic": record<Case<"cut-topic">>({ kind: oneOf("cut-topic"), topic: text }),
  join: membershipShape,
  leave: membershipShape,
  "provider-changed": record<Case<"provider-changed">>({
    kind: oneOf("provider-changed"),
    model: text,
    from: oneOf(...PROVIDER_NAMES),
    to: oneOf(...PROVIDER_NAMES),
    reason: oneOf("run-failed"),
  }),
  "model-swapped": record<Case<"model-swapped">>({ kind: oneOf("model-swapped"), model: text, by: text }),
  result: record<Case<"result">>({
    kind: oneOf("result"),
    agent: handleShape,
    requestId: integer(1, limits.requestIdMax),
    source: oneOf("inference", "token", "tool"),
    ok: flag,
    last: flag,
    encoding: encodingShape,
    payload: bytes(),
  }),
});

const sourceShape: Shape<readonly [number, number]> = primitive(
  "a list of two counts",
  (value): value is readonly [number, number] =>
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((entry) => Number.isSafeInteger(entry) && Number(entry) >= 0),
);

export const inputShape: Shape<Input> = record<Input>({
  seq: integer(1),
  tick: integer(),
  body: inputBodyShape,
  key: optional(text),
  source: optional(sourceShape),
});

/**
 * An input is encoded for the log and again for its tick's digest: the second time the bytes are still known. Messages
 * are encoded faster than they are looked up.
 */
const encoded = new WeakMap<Input, Uint8Array>();

/** The last field in canonical order, with its head: what only the stored form has. */
const sourceKeyBytes = encodeCanonical("source").length;

/** Canonical bytes of an input as stored. @throws {WE_CODEC_SHAPE} @throws {WE_CBOR_REFUSED} */
export function encodeInput(input: Input): Uint8Array {
  const message = encodeMessageInput(input);
  if (message !== undefined) return message;
  const known = encoded.get(input);
  if (known !== undefined) return known;
  const bytes = encodeCanonical(encodeShape(inputShape, "input", input));
  encoded.set(input, bytes);
  return bytes;
}

/** Canonical bytes of what the world sees of an input: everything but `source`, which lies at the end. */
export function encodeWorldInput(input: Input): Uint8Array {
  return worldBytes(input, encodeInput(input));
}

/** The same from the bytes of `encodeInput`; those of an input without `source` are given back themselves. */
export function worldBytes({ source }: Pick<Input, "source">, stored: Uint8Array): Uint8Array {
  if (source === undefined) return stored;
  const bytes = stored.subarray(0, stored.length - sourceKeyBytes - sourceBytes(source));
  const head = bytes[0];
  assert(head !== undefined && head > 0xa1 && head < 0xb8, "an input is a map of few fields");
  const world = new Uint8Array(bytes);
  world[0] = head - 1;
  return world;
}

/** Of a list of two counts. */
function sourceBytes(source: readonly [number, number]): number {
  const [file, record] = source;
  return 1 + countBytes(file) + countBytes(record);
}

function countBytes(count: number): number {
  if (count < 24) return 1;
  return count < 0x100 ? 2 : count < 0x1_0000 ? 3 : count < 0x1_0000_0000 ? 5 : 9;
}

/** @throws {WE_CODEC_SHAPE} @throws {WE_CBOR_MALFORMED} */
export function decodeInput(bytes: Uint8Array): Input {
  const input = readOrdinaryInput(bytes) ?? decodeShape(inputShape, "input", decodeCanonical(bytes));
  // The bytes are the canonical ones, which the digest of its tick is made of. They may lie in a file that was read.
  if (input.body.kind !== "message") encoded.set(input, new Uint8Array(bytes));
  return input;
}

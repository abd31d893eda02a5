/** Which inputs of a tick two runs do not share, and how people read them. */

import { Encoding, unreachable } from "@wasm-engine/abi";
import type { AgentId, AgentHandle } from "@wasm-engine/abi";
import { encodeWorldInput } from "@wasm-engine/core";
import type { Input, InputBody, Json } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";
import { readablePayload } from "../world/payload.js";
import type { InputDifference, InputReport } from "./diff-contract.js";
import { listedDifferencesMax } from "./limits.js";

/** Name of an agent by its handle. */
export type NameOf = (handle: AgentHandle) => AgentId | undefined;

/** Inputs that only one side has, side by side where both have one for the same receiver in the same place. */
export function inputDifferences(
  left: readonly Input[],
  right: readonly Input[],
  nameOf: NameOf,
): readonly InputDifference[] {
  const [ours, theirs] = [without(left, right), without(right, left)];
  const differences: InputDifference[] = [];
  for (const input of ours) {
    const index = theirs.findIndex((other) => isSamePlace(input, other));
    const [counterpart] = index < 0 ? [] : theirs.splice(index, 1);
    differences.push({
      left: reportOf(input, nameOf),
      ...(counterpart === undefined ? {} : { right: reportOf(counterpart, nameOf) }),
    });
  }
  for (const input of theirs) differences.push({ right: reportOf(input, nameOf) });
  return differences.slice(0, listedDifferencesMax);
}

/** `inputs` that have no equal in `others`; sequence numbers shift and do not count. */
function without(inputs: readonly Input[], others: readonly Input[]): Input[] {
  const counts = new Map<string, number>();
  for (const key of others.map(contentOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return inputs.filter((input) => {
    const key = contentOf(input);
    const count = counts.get(key) ?? 0;
    if (count > 0) counts.set(key, count - 1);
    return count === 0;
  });
}

function contentOf(input: Input): string {
  return sha256Hex(encodeWorldInput({ ...input, seq: 1 }));
}

function isSamePlace({ body: left }: Input, { body: right }: Input): boolean {
  if (left.kind !== right.kind) return false;
  if (left.kind === "result" && right.kind === "result") {
    return left.agent === right.agent && left.requestId === right.requestId;
  }
  if (left.kind === "publish" && right.kind === "publish") return left.topic === right.topic;
  if (left.kind === "cut-topic" && right.kind === "cut-topic") return left.topic === right.topic;
  return receiverOf(left) === receiverOf(right);
}

/** The agent that an input is for, as far as the input itself says. */
export function receiverOf(body: InputBody, nameOf?: NameOf): string | undefined {
  switch (body.kind) {
    case "message":
      return body.to;
    case "task":
      return body.task.agentId;
    case "spawn":
      return body.spec.id;
    case "result":
      return nameOf?.(body.agent);
    case "publish":
    case "cut-topic":
    case "provider-changed":
    case "model-swapped":
      return undefined;
    case "stop":
    case "terminate":
    case "pause":
    case "resume":
    case "upgrade":
    case "cut":
    case "join":
    case "leave":
      return body.agent;
    default:
      return unreachable(body);
  }
}

function reportOf({ seq, body }: Input, nameOf: NameOf): InputReport {
  const agent = receiverOf(body, nameOf);
  const content = contentIn(body);
  return {
    seq,
    kind: body.kind,
    ...(agent === undefined ? {} : { agent }),
    ...("topic" in body ? { topic: body.topic } : {}),
    ...(content === undefined ? {} : { payload: content }),
  };
}

function contentIn(body: InputBody): Json | undefined {
  if (body.kind === "task") return readablePayload(body.task.encoding, body.task.payload);
  if (body.kind === "upgrade") return body.module;
  if (body.kind === "provider-changed") return `${body.model}: ${body.from} to ${body.to}`;
  if (body.kind === "model-swapped") return `${body.model}: answered by ${body.by}`;
  if (!("payload" in body)) return undefined;
  const { encoding, payload } = body;
  return encoding === Encoding.BYTES || encoding === Encoding.TENSOR
    ? `${payload.length} bytes, sha256 ${sha256Hex(payload).slice(0, 16)}`
    : readablePayload(encoding, payload);
}

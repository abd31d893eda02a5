/**
 * What is still to come in a fork: inputs that enter at their ticks, and recorded answers for requests that it may make
 * again. One canonical CBOR value in the file `fork.cbor` of the run folder; its digest is in run.json.
 */

import { Encoding } from "@wasm-engine/abi";
import { decodeCanonical, decodeInput, encodeCanonical, encodeInput } from "@wasm-engine/core";
import type { ExternalRequest, Input, InputBody } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";

/** Name in a run folder. */
export const planFileName = "fork.cbor";

/** Part of an answer, or the last one: a result input without its addressee. */
export interface RecordedPart {
  /** Ticks from the request to the arrival. */
  readonly delayTicks: number;
  /** Orders the parts of one tick as the parent's log had them. */
  readonly order: number;
  readonly source: Extract<InputBody, { kind: "result" }>["source"];
  readonly ok: boolean;
  readonly last: boolean;
  readonly encoding: Extract<InputBody, { kind: "result" }>["encoding"];
  readonly payload: Uint8Array;
}

/** How a request was answered. Without a last part the world stopped waiting before there was one. */
export interface RecordedAnswer {
  readonly kind: ExternalRequest["kind"];
  readonly name: string;
  /** See {@link answerKey}. */
  readonly key: string;
  readonly parts: readonly RecordedPart[];
}

export interface ForkPlan {
  /** Number of the first input that has no source of its own. */
  readonly first: number;
  /** In the order in which they enter. `source` tells those that once came from an input of the configuration. */
  readonly inputs: readonly Input[];
  readonly answers: readonly RecordedAnswer[];
}

/** Nothing is to come. */
export const emptyPlan: ForkPlan = { first: 0, inputs: [], answers: [] };

/**
 * Digest of what an answer may depend on: two requests with one key get one answer. The seed of a request is made from
 * the world's seed, the agent and the number of its request, so these stand for it.
 */
export function answerKey(request: ExternalRequest, seed: number): string {
  const { kind, name, agent, requestId, encoding, payload } = request;
  return sha256Hex(encodeCanonical([kind, name, seed, agent, requestId, encoding, payload]));
}

/** Bytes of the file. */
export function encodePlan({ first, inputs, answers }: ForkPlan): Uint8Array {
  const stored = {
    format: 1,
    first,
    inputs: inputs.map(encodeInput),
    answers: answers.map((answer) => ({ ...answer, parts: answer.parts.map((part) => ({ ...part })) })),
  };
  return encodeCanonical(stored);
}

/** What {@link encodePlan} was given; undefined where it is none. @throws {WE_CODEC_SHAPE} {WE_CBOR_MALFORMED} */
export function decodePlan(bytes: Uint8Array): ForkPlan | undefined {
  const { format, first, inputs, answers } = membersOf(decodeCanonical(bytes));
  const isPlan = format === 1 && isCount(first) && Array.isArray(inputs) && Array.isArray(answers);
  if (!isPlan || !inputs.every(isBytes) || !answers.every(isAnswer)) return undefined;
  return { first, inputs: inputs.map(decodeInput), answers };
}

/** Bundles come from strangers: every member is looked at. */
function isAnswer(value: unknown): value is RecordedAnswer {
  const { kind, name, key, parts } = membersOf(value);
  const isKind = kind === "inference" || kind === "tool";
  const isList = Array.isArray(parts) && parts.every(isPart);
  return isKind && typeof name === "string" && typeof key === "string" && isList;
}

function isPart(value: unknown): value is RecordedPart {
  const { delayTicks, order, source, ok, last, encoding, payload } = membersOf(value);
  const isSource = source === "inference" || source === "token" || source === "tool";
  const areFlags = typeof ok === "boolean" && typeof last === "boolean";
  const isContent = isCount(encoding) && encoding <= Encoding.TEXT && isBytes(payload);
  return isCount(delayTicks) && delayTicks >= 1 && isCount(order) && isSource && areFlags && isContent;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as Record<string, unknown>) : {}; // members are looked at one by one
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

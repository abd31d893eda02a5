/**
 * What is still to come in a fork: inputs that enter at their ticks, and recorded answers for requests that it may make
 * again. One canonical CBOR value in the file `fork.cbor` of the run folder; its digest is in run.json.
 */

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

/** What {@link encodePlan} was given; the caller has checked the digest. */
export function decodePlan(bytes: Uint8Array): ForkPlan {
  const value: unknown = decodeCanonical(bytes);
  // Written by encodePlan: the digest in run.json says so.
  const stored = value as Omit<ForkPlan, "inputs"> & { readonly inputs: readonly Uint8Array[] };
  return { first: stored.first, inputs: stored.inputs.map(decodeInput), answers: stored.answers };
}

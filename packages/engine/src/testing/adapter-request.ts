/** Requests to adapters and what they answer, as values that tests compare. */

import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { Adapter, AdapterAnswer, AdapterRequest, AdapterSurroundings } from "../adapters/contract.js";

/** A request with this body as JSON. */
export function adapterRequest(body: Json, more: Partial<AdapterRequest> = {}): AdapterRequest {
  return {
    id: "ab".repeat(32),
    kind: "inference",
    agentId: "a1" as AgentId, // an id of the right form
    name: "writer",
    tick: 3,
    encoding: Encoding.JSON,
    payload: encodeUtf8(JSON.stringify(body)),
    seed: 1234,
    ...more,
  };
}

/** Surroundings with these secrets. */
export function adapterSurroundings(
  baseDirectory: string,
  secrets: Readonly<Record<string, string>> = {},
): AdapterSurroundings {
  return { baseDirectory, askAnew: false, secret: (name) => secrets[name] ?? "" };
}

export interface Heard {
  readonly answer: AdapterAnswer;
  /** The value of a good answer, or the failure. */
  readonly value: unknown;
  /** Texts of the parts before it. */
  readonly parts: readonly string[];
}

/** Asks once and reads what comes. */
export async function ask(
  adapter: Adapter,
  request: AdapterRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<Heard> {
  const parts: string[] = [];
  const answer = await adapter.answer(request, {
    signal,
    part: (_encoding, payload) =>
      parts.push((JSON.parse(decodeUtf8(payload) ?? "") as { text: string }).text), // {text}
  });
  return { answer, value: valueOf(answer), parts };
}

/** The value of a good answer, or the failure without `ok`. */
export function valueOf(answer: AdapterAnswer): unknown {
  if (answer.ok) return JSON.parse(decodeUtf8(answer.payload) ?? "null");
  const { code, message, retryable } = answer;
  return { code, message, retryable };
}

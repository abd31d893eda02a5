/**
 * An adapter that takes answers of earlier runs where an equal request was answered. Equal: the same identity of the
 * adapter, the same request whatever the order of its members, and the same seed where the answer is a sample. Secrets
 * are no part of it. Only good answers are kept; what failed is asked anew.
 */

import { canonicalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";
import { bodyOf } from "../world/payload.js";
import { AnswerStore, answersDirectory } from "./answer-store.js";
import type { Adapter, AdapterRequest, AdapterSetup, AdapterSurroundings } from "./contract.js";
import { isMap, sendWhole } from "./models/model-request.js";

/** Part of every key: another number forgets everything that was kept. */
const formatVersion = 1;

/** The adapter of `setup`, which asks only what no earlier run has asked, where its setup says so. */
export function withReuse(
  adapter: Adapter,
  setup: AdapterSetup,
  { baseDirectory, askAnew }: Pick<AdapterSurroundings, "baseDirectory" | "askAnew">,
): Adapter {
  const { identity } = adapter;
  if ((setup.kind !== "openai" && setup.kind !== "tool") || !setup.reuse || identity === undefined)
    return adapter;
  const store = new AnswerStore(answersDirectory(baseDirectory));
  const isSampled = setup.kind === "openai" ? sampledWith(setup.parameters) : () => false;
  return {
    ...(adapter.idempotent === undefined ? {} : { idempotent: adapter.idempotent }),
    ...(adapter.close === undefined ? {} : { close: () => adapter.close?.() ?? Promise.resolve() }),
    identity,
    async answer(request, call) {
      const key = answerKey(identity, request, isSampled(request));
      const kept = askAnew ? undefined : store.get(key);
      if (kept !== undefined) {
        const answer = { ok: true, ...kept, reused: true } as const;
        sendWhole(request, call, answer);
        return answer;
      }
      const answer = await adapter.answer(request, call);
      if (answer.ok) store.put(key, answer);
      return answer;
    },
  };
}

/** What an answer is kept under. `stream` is left out: in parts or at once, the answer is the same. */
export function answerKey(identity: string, request: AdapterRequest, isSampled: boolean): string {
  const { kind, name, encoding, payload, seed } = request;
  const body = bodyOf(request);
  const asked: Json =
    body === undefined ? { bytes: Buffer.from(payload).toString("base64") } : unstreamed(body);
  const target = kind === "tool" ? { kind, name } : { kind };
  return sha256Hex(
    Buffer.from(
      canonicalJson({
        version: formatVersion,
        ...target,
        identity,
        encoding,
        asked,
        ...(isSampled ? { seed } : {}),
      }),
    ),
  );
}

/** The body of a request without the wish for parts. */
export function unstreamed(body: Json): Json {
  if (!isMap(body)) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== "stream"));
}

/** A conversation is a sample unless its temperature is 0: agents that ask the same then get answers of their own. */
function sampledWith(parameters: Readonly<Record<string, Json>>): (request: AdapterRequest) => boolean {
  return (request) => {
    const body = bodyOf(request);
    if (!isMap(body) || body.messages === undefined) return false;
    return (body.temperature ?? parameters.temperature) !== 0;
  };
}

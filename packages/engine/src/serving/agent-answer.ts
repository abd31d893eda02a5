/** What agents may answer: a text, what a model has answered them, or any other value, whose JSON is the text then. */

import type { Json } from "@wasm-engine/core";
import { encodingName } from "../world/payload.js";
import type { Payload } from "../world/payload.js";
import { Encoding } from "@wasm-engine/abi";
import type { Answer, JsonMap, ToolCall } from "./contract.js";
import { fail } from "./errors.js";
import { isList, isMap } from "./field-check.js";

/** @throws {WE_SERVE_FAILED} for bytes, which are no text */
export function readAgentAnswer(payload: Payload): Answer {
  if (payload instanceof Uint8Array) {
    const reason = `it answered ${encodingName(Encoding.BYTES)}, not JSON or text`;
    throw fail("WE_SERVE_FAILED", { model: "agent", reason });
  }
  if (!isMap(payload) || typeof payload["text"] !== "string") return plainAnswer(payload);
  const { text, finishReason, promptTokens, completionTokens, toolCalls } = payload;
  const calls = isList(toolCalls) ? toolCalls.filter(isMap).map(readCall) : [];
  return {
    text,
    finishReason: typeof finishReason === "string" ? finishReason : "stop",
    promptTokens: typeof promptTokens === "number" ? promptTokens : null,
    completionTokens: typeof completionTokens === "number" ? completionTokens : null,
    ...(calls.length === 0 ? {} : { toolCalls: calls }),
  };
}

function plainAnswer(payload: Json): Answer {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return { text, finishReason: "stop", promptTokens: null, completionTokens: null };
}

function readCall(call: JsonMap): ToolCall {
  const { id, name } = call;
  return {
    id: typeof id === "string" ? id : "",
    name: typeof name === "string" ? name : "",
    arguments: call["arguments"] ?? {},
  };
}

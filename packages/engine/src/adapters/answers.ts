/** Answers as adapters give them: values to bytes, failures with a code and a stable text. */

import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { Adapter, AdapterAnswer, AdapterRequest } from "./contract.js";
import { answerBytesMax } from "./limits.js";

const codePattern = /^[A-Z][A-Z0-9_]{0,62}$/;

/** A value as JSON; one that fits no message is a failure. */
export function jsonAnswer(value: Json): AdapterAnswer {
  const payload = encodeUtf8(JSON.stringify(value));
  if (payload.length <= answerBytesMax) return { ok: true, encoding: Encoding.JSON, payload };
  return failure("FAILED", `the answer has ${payload.length} bytes; at most ${answerBytesMax} fit a message`);
}

export function failure(code: string, message: string, retryable = false): AdapterAnswer {
  return { ok: false, code, message, retryable };
}

/** No answer within the limit of one call. */
export function timeoutAnswer(timeoutMs: number): AdapterAnswer {
  return failure("TIMEOUT", `no answer within ${timeoutMs} ms`, true);
}

/** What adapters throw is an answer as well. */
export async function answerOf(
  adapter: Adapter,
  request: AdapterRequest,
  call: Parameters<Adapter["answer"]>[1],
): Promise<AdapterAnswer> {
  try {
    return await adapter.answer(request, call);
  } catch (error) {
    return failureOf(error);
  }
}

/** Errors of tools may be made by another copy of the class: they are known by their name. */
function failureOf(error: unknown): AdapterAnswer {
  if (typeof error !== "object" || error === null) return failure("FAILED", String(error));
  const { name, message, code, retryable } = error as Readonly<Record<string, unknown>>; // of anybody's making
  const words = [message, name, "the call failed"];
  const text = words.find((word) => typeof word === "string" && word !== "") as string; // the last one is
  if (name !== "ToolError") return failure("FAILED", text);
  const isCode = typeof code === "string" && codePattern.test(code);
  return failure(isCode ? code : "FAILED", text, retryable === true);
}

/** Answers as adapters give them: values to bytes, failures with a code and a stable text. */

import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { AdapterAnswer } from "./contract.js";
import { answerBytesMax } from "./limits.js";

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

/** Errors as the interface has them: status, type, code, and the member that is at fault. */

import { EngineError } from "@wasm-engine/abi";
import type { JsonMap } from "./contract.js";
import { statusOf } from "./errors.js";

export interface HttpError {
  readonly status: number;
  readonly code: string;
  readonly body: JsonMap;
  readonly headers: Readonly<Record<string, string>>;
}

/** Kinds of errors by status, in the words of the interface. */
const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  429: "rate_limit_error",
};

/** Codes of error answers of agents that have a status of their own. */
const answerStatuses: Readonly<Record<string, number>> = { BAD_INPUT: 400, BAD_MESSAGE: 400, TIMEOUT: 504 };

/** `mayRepeat`: asking again does no harm, because nothing was begun or it would be the same. */
export function httpErrorOf(error: unknown, mayRepeat = false): HttpError {
  const isKnown = EngineError.is(error);
  const answerCode = isKnown && error.code === "WE_ASK_FAILED" ? String(error.details["answerCode"]) : "";
  const status = answerStatuses[answerCode] ?? statusOf(error);
  const code = isKnown ? error.code : "WE_SERVE_FAILED";
  const isAgain = isKnown && error.retryable && (status === 429 || mayRepeat);
  const field = isKnown ? error.details["field"] : undefined;
  const body = {
    error: {
      message: isKnown ? error.message : "the server failed on this request",
      type: types[status] ?? (status < 500 ? "invalid_request_error" : "server_error"),
      param: typeof field === "string" ? field : null,
      code,
      ...(isKnown && error.hint !== undefined ? { hint: error.hint } : {}),
      ...(answerCode === "" ? {} : { answer_code: answerCode }),
    },
  };
  return {
    status,
    code,
    body,
    headers: {
      // Clients repeat by themselves what they take for passing; a question to an agent would be a second input.
      "x-should-retry": String(isAgain),
      ...(status === 429 ? { "retry-after": "1" } : {}),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
  };
}

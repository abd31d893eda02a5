/** JSON-RPC 2.0 as lines: what a request is, and how answers, errors and notifications are written. */

import type { EngineError } from "@wasm-engine/abi";
import { isRecord } from "./record.js";
import { fail } from "./errors.js";

export type RequestId = string | number;

export interface Request {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Numbers that JSON-RPC reserves; everything of ours is a server error with our code in `data`. */
const reservedCodes: Readonly<Record<string, number>> = {
  WE_CONTROL_REQUEST: -32600,
  WE_CONTROL_METHOD: -32601,
  WE_CONTROL_PARAMS: -32602,
};
const parseErrorCode = -32700;
const serverErrorCode = -32000;

/** A line that cannot be answered properly: the id it had, if any, and the error. */
export interface BadLine {
  readonly id: RequestId | null;
  readonly error: EngineError;
  readonly code: number;
}

/** Longest id that is echoed. */
const idCharactersMax = 256;

/** A request, or what is wrong with the line. */
export function parseRequest(line: string): Request | BadLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return bad(null, "it is not JSON", parseErrorCode);
  }
  if (Array.isArray(value)) return bad(null, "batches are not taken");
  if (!isRecord(value)) return bad(null, "it is not an object");
  const { id, method, params = {} } = value;
  if (!isRequestId(id))
    return bad(null, `"id" is not a number or a text of 1 to ${idCharactersMax} characters`);
  if (value["jsonrpc"] !== "2.0") return bad(id, '"jsonrpc" is not "2.0"');
  if (typeof method !== "string") return bad(id, '"method" is not a text');
  if (!isRecord(params)) return bad(id, '"params" is not an object with names');
  return { id, method, params };
}

export function isBadLine(parsed: Request | BadLine): parsed is BadLine {
  return "error" in parsed;
}

function isRequestId(id: unknown): id is RequestId {
  if (typeof id === "number") return Number.isFinite(id);
  return typeof id === "string" && id.length > 0 && id.length <= idCharactersMax;
}

function bad(id: RequestId | null, reason: string, code?: number): BadLine {
  const error = fail("WE_CONTROL_REQUEST", { reason });
  return { id, error, code: code ?? codeOf(error) };
}

function codeOf(error: EngineError): number {
  return reservedCodes[error.code] ?? serverErrorCode;
}

export function answerLine(id: RequestId, result: unknown): string {
  return line({ jsonrpc: "2.0", id, result });
}

export function errorLine(id: RequestId | null, error: EngineError, code: number = codeOf(error)): string {
  const data = error.toRecord();
  return line({ jsonrpc: "2.0", id, error: { code, message: error.message, data } });
}

export function notificationLine(method: string, params: unknown): string {
  return line({ jsonrpc: "2.0", method, params });
}

/** Hardly anything holds what JSON has no form for: then it is written again, with every value looked at. */
function line(value: unknown): string {
  try {
    return `${JSON.stringify(value)}\n`;
  } catch {
    return `${JSON.stringify(value, plainValue)}\n`;
  }
}

/** Whole numbers beyond what JSON readers keep are decimal text. */
function plainValue(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Checks of single members of a request. What is against one is told with the name of the member. */

import type { EngineError } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { JsonMap } from "./contract.js";
import { fail } from "./errors.js";

/** A text says what is expected instead; `undefined`: the value will do. */
export type FieldCheck = (value: Json) => string | undefined;

/** @throws {WE_SERVE_FIELD} */
export function fieldError(field: string, value: Json | undefined, expected: string): EngineError {
  // JSON reads 1e400 as infinity, and would write it as null.
  const isEndless = typeof value === "number" && !Number.isFinite(value);
  const text = value === undefined ? "absent" : isEndless ? String(value) : JSON.stringify(value);
  return fail("WE_SERVE_FIELD", { field, came: text.length > 80 ? `${text.slice(0, 80)}…` : text, expected });
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export const boolean: FieldCheck = (value) => (typeof value === "boolean" ? undefined : "true or false");

export const text: FieldCheck = (value) => (typeof value === "string" ? undefined : "a text");

export const map: FieldCheck = (value) => (isMap(value) ? undefined : "an object");

/** A number within limits, both included. */
export function number(least: number, most: number): FieldCheck {
  return (value) =>
    typeof value === "number" && value >= least && value <= most
      ? undefined
      : `a number from ${least} to ${most}`;
}

/** A whole number within limits, both included. */
export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): FieldCheck {
  const limits = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `a whole number ${limits}`;
}

export const isId = (value: Json): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

export const ids: FieldCheck = (value) =>
  isList(value) && value.length > 0 && value.every(isId) ? undefined : "a list of token ids";

export const stop: FieldCheck = (value) =>
  typeof value === "string" ||
  (isList(value) && value.length <= 4 && value.every((part) => typeof part === "string" && part !== ""))
    ? undefined
    : "a text, or a list of at most 4 texts that are not empty";

export const logitBias: FieldCheck = (value) =>
  isMap(value) &&
  Object.entries(value).every(
    ([id, bias]) => /^\d+$/.test(id) && typeof bias === "number" && Math.abs(bias) <= 100,
  )
    ? undefined
    : "numbers from -100 to 100 by token ids";

export const responseFormat: FieldCheck = (value) => {
  const type = isMap(value) ? value["type"] : undefined;
  if (type !== "text" && type !== "json_object" && type !== "json_schema")
    return 'an object with type "text", "json_object" or "json_schema"';
  const schema = isMap(value) ? value["json_schema"] : undefined;
  return type !== "json_schema" || (isMap(schema) && schema["schema"] !== undefined)
    ? undefined
    : "one with json_schema.schema";
};

/** What the interface has and this server has not: only the value that means nothing is taken. */
export function only(meaning: string, ...values: readonly Json[]): FieldCheck {
  const texts = values.map((value) => JSON.stringify(value));
  return (value) =>
    texts.includes(JSON.stringify(value))
      ? undefined
      : `absent: ${meaning} is not there (${texts[0]} is taken)`;
}

/**
 * Problems of a configuration. All that are found in one pass are reported by one error: the first is its code,
 * the rest is in `details.problems`.
 */

import { EngineError, assert } from "@wasm-engine/abi";
import type { ErrorRecord } from "@wasm-engine/abi";
import { configError } from "./errors.js";
import type { CONFIG_ERRORS } from "./errors.js";
import { problemsMax } from "./limits.js";

/** Line and column from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, at its place. */
export interface Problem {
  readonly code: keyof typeof CONFIG_ERRORS;
  readonly place: Place;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** `agents[3].args.lat` of `["agents", 3, "args", "lat"]`; the document itself is "the document". */
export function pathText(path: readonly (string | number)[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text === "" ? "the document" : text;
}

/** A value as a reader of the file would write it, cut to fit a line. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "a map";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}

/** One error for all problems of `file`, in the order of their places. */
export function problemsError(file: string, problems: readonly Problem[]): EngineError {
  const sorted = [...problems].sort(
    (left, right) => left.place.line - right.place.line || left.place.column - right.place.column,
  );
  const records = sorted.slice(0, problemsMax).map((problem) => recordOf(file, problem));
  const first = records[0];
  assert(first !== undefined, "an error has at least one problem");
  const others = problems.length - 1;
  const message = others === 0 ? first.message : `${first.message} (and ${others} more)`;
  return new EngineError({ ...first, message, details: { ...first.details, problems: records } });
}

function recordOf(file: string, problem: Problem): ErrorRecord {
  const { line, column } = problem.place;
  const at = `${file}:${line}:${column}`;
  return configError(problem.code, { ...problem.parameters, at, file, line, column }).toRecord();
}

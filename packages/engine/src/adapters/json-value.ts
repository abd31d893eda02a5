/** Whether a value of a program is JSON: plain maps, lists, texts, finite numbers, true, false, null. */

import { resultDepthMax } from "./limits.js";

export type JsonText =
  | { readonly ok: true; readonly text: string }
  /** Where the value is no JSON, and what stands there. */
  | { readonly ok: false; readonly place: string; readonly came: string };

/** The value as JSON text. What has `toJSON` (a date) is what that gives; members that are undefined are left out. */
export function jsonText(value: unknown): JsonText {
  const stranger = strangerIn(value, "", 0);
  if (stranger !== undefined) return { ok: false, ...stranger };
  return { ok: true, text: JSON.stringify(value ?? null) };
}

interface Stranger {
  readonly place: string;
  readonly came: string;
}

function strangerIn(given: unknown, place: string, depth: number): Stranger | undefined {
  const value = hasToJson(given) ? given.toJSON() : given;
  if (value === null || value === undefined) return undefined;
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : { place, came: String(value) };
    case "object":
      break;
    default:
      return { place, came: `a ${typeof value}` };
  }
  if (depth >= resultDepthMax) return { place, came: `a nesting deeper than ${resultDepthMax}` };
  if (Array.isArray(value)) return strangerAmong([...value.entries()], place, depth);
  const kind = kindOf(value);
  if (kind !== undefined) return { place, came: `a ${kind}` };
  return strangerAmong(Object.entries(value), place, depth);
}

function strangerAmong(
  entries: readonly (readonly [string | number, unknown])[],
  place: string,
  depth: number,
): Stranger | undefined {
  for (const [name, item] of entries) {
    const stranger = strangerIn(item, `${place}/${name}`, depth + 1);
    if (stranger !== undefined) return stranger;
  }
  return undefined;
}

/** Name of the class of a map that is none of the plain ones. A class of another realm has another `Object`. */
function kindOf(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return undefined;
  const { constructor } = value as { constructor?: { name?: unknown } }; // every prototype may have one
  const name = typeof constructor?.name === "string" ? constructor.name : "";
  return name === "Object" ? undefined : name === "" ? "value of a class" : name;
}

function hasToJson(value: unknown): value is { toJSON: () => unknown } {
  return (
    typeof value === "object" && value !== null && "toJSON" in value && typeof value.toJSON === "function"
  );
}

/** Placeholders in the answers of rules: `{1}`, `{name}`. `{{name}}` is `{name}`; other braces are themselves. */

import type { Json } from "@wasm-engine/core";
import { isMap } from "./model-request.js";

export type Fills = Readonly<Record<string, string>>;

/** What every rule can use beside the groups of its patterns. */
export const commonFills: readonly string[] = ["agent", "nth", "last"];

const placeholder = /\{(\{\w+\})\}|\{(\w+)\}/g;

/** Names of the placeholders in a value, wherever its texts are. */
export function placeholdersOf(value: Json): readonly string[] {
  if (typeof value === "string") return [...value.matchAll(placeholder)].flatMap(([, , name]) => name ?? []);
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(placeholdersOf);
  return isMap(value) ? Object.values(value).flatMap(placeholdersOf) : [];
}

/** The text with its placeholders filled; what has no value stays as written. */
export function filled(text: string, fills: Fills): string {
  return text.replace(placeholder, (whole: string, kept?: string, name: string = "") => {
    if (kept !== undefined) return kept;
    return Object.hasOwn(fills, name) ? (fills[name] ?? whole) : whole;
  });
}

/** The value with the placeholders of all its texts filled. */
export function filledJson(value: Json, fills: Fills): Json {
  if (typeof value === "string") return filled(value, fills);
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => filledJson(item, fills));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filledJson(member, fills)]));
}

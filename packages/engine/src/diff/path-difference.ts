/** Where two JSON values differ. Lists of things with ids are compared by id, so one that is added shifts nothing. */

import { equalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import type { PathDifference } from "./diff-contract.js";
import { pathDifferencesMax } from "./limits.js";

/** A map and no object: a member may be called `constructor`. */
type Members = ReadonlyMap<string, Json>;

/** The first differences in the order of the paths, at most {@link pathDifferencesMax}. */
export function pathDifferences(left: Json | undefined, right: Json | undefined): readonly PathDifference[] {
  const found: PathDifference[] = [];
  collect(found, [], left, right);
  return found;
}

function collect(
  found: PathDifference[],
  path: readonly string[],
  left: Json | undefined,
  right: Json | undefined,
): void {
  if (found.length >= pathDifferencesMax) return;
  const [ours, theirs] = [membersOf(left), membersOf(right)];
  if (ours !== undefined && theirs !== undefined) {
    const names = new Set([...ours.keys(), ...theirs.keys()]);
    for (const name of names) collect(found, [...path, name], ours.get(name), theirs.get(name));
    return;
  }
  if (equalJson(left, right)) return;
  found.push({
    path: path.join("."),
    ...(left === undefined ? {} : { left }),
    ...(right === undefined ? {} : { right }),
  });
}

/** Members of a map, or of a list by ids, names or places; undefined for everything else. */
function membersOf(value: Json | undefined): Members | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!isList(value)) return new Map(Object.entries(value));
  return new Map(value.map((item, index) => [nameOf(item) ?? String(index), item]));
}

function nameOf(item: Json): string | undefined {
  if (typeof item !== "object" || item === null || isList(item)) return undefined;
  const name = item["id"] ?? item["name"];
  return typeof name === "string" ? name : undefined;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

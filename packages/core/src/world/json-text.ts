/**
 * JSON that enters or leaves the world: one text per value (sorted keys, no spaces), and guests' JSON checked
 * so that nothing in it can exhaust the stack, lose bits in CBOR or reach a prototype.
 */

import { decodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "../model.js";

const loneSurrogate = /[\ud800-\udfff]/u;

/** Text of `value` with sorted keys and without spaces. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((entry: Json) => canonicalJson(entry)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(",")}}`;
}

/** The value of a guest's JSON bytes, or undefined where they are not JSON that the world can keep. */
export function parseGuestJson(bytes: Uint8Array, depthMax: number): Json | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return storable(value, depthMax);
}

/** A copy without minus zero; undefined where `value` has no canonical form. */
function storable(value: unknown, depthLeft: number): Json | undefined {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value + 0 : undefined;
    case "string":
      return loneSurrogate.test(value) ? undefined : value;
    case "object":
      if (value === null) return null;
      if (depthLeft === 0) return undefined;
      return Array.isArray(value) ? storableList(value, depthLeft) : storableMap(value, depthLeft);
    default:
      return undefined;
  }
}

function storableList(values: readonly unknown[], depthLeft: number): Json | undefined {
  const list: Json[] = [];
  for (const value of values) {
    const entry = storable(value, depthLeft - 1);
    if (entry === undefined) return undefined;
    list.push(entry);
  }
  return list;
}

function storableMap(map: object, depthLeft: number): Json | undefined {
  const copy: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(map)) {
    if (key === "__proto__" || loneSurrogate.test(key)) return undefined;
    const entry = storable(value, depthLeft - 1);
    if (entry === undefined) return undefined;
    copy[key] = entry;
  }
  return copy;
}

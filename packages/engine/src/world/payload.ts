/** What messages carry, between bytes and values, and the names of encodings. One reading for every view of a world. */

import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";

/** What the library sends: JSON, or bytes. */
export type Payload = Json | Uint8Array;

export interface EncodedPayload {
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
}

/** `encoding` overrides the default: bytes for Uint8Array, JSON for everything else. */
export function encodePayload(value: Payload, encoding?: Encoding): EncodedPayload {
  if (value instanceof Uint8Array) return { encoding: encoding ?? Encoding.BYTES, payload: value };
  if (encoding === Encoding.TEXT && typeof value === "string")
    return { encoding, payload: encodeUtf8(value) };
  return { encoding: encoding ?? Encoding.JSON, payload: encodeUtf8(JSON.stringify(value)) };
}

/** The value of JSON or text; undefined for every other encoding, and where the bytes are not what theirs says. */
export function bodyOf({ encoding, payload }: EncodedPayload): Json | undefined {
  const text = textOf(encoding, payload);
  if (text === undefined || encoding === Encoding.TEXT) return text;
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}

/** JSON and text decoded, what is meant as JSON and is none as text, everything else bytes. */
export function decodePayload(encoding: Encoding, payload: Uint8Array): Payload {
  const body = bodyOf({ encoding, payload });
  return body === undefined ? (textOf(encoding, payload) ?? payload) : body;
}

/** The same for people: bytes as base64. */
export function readablePayload(encoding: Encoding, payload: Uint8Array): Json {
  const value = decodePayload(encoding, payload);
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

function textOf(encoding: Encoding, payload: Uint8Array): string | undefined {
  return encoding === Encoding.JSON || encoding === Encoding.TEXT ? decodeUtf8(payload) : undefined;
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(Encoding).map(([name, code]) => [code, name.toLowerCase()]),
);

/** Every name of an encoding: `bytes`, `json`, … */
export const encodingNames: readonly string[] = [...names.values()];

/** What no encoding has as its number is bytes. */
export function encodingName(encoding: number): string {
  return names.get(encoding) ?? "bytes";
}

/** What no encoding has as its name is bytes. */
export function encodingOf(name: string | undefined): Encoding {
  const found = Object.entries(Encoding).find(([, code]) => names.get(code) === name);
  return found?.[1] ?? Encoding.BYTES;
}

/** Payloads between the library and the world: JSON by default, bytes as bytes, text where asked. */

import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { WorldMessage } from "../world/control.js";

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

/** A message that left the world, in the shape of the founding interface. */
export interface ReceivedMessage {
  readonly tick: number;
  readonly agentId: AgentId;
  readonly topic: string;
  /** JSON and text decoded, everything else bytes. */
  readonly payload: Payload;
  readonly encoding: Encoding;
  /** Virtual time, RFC 3339. */
  readonly timestamp: string;
}

export function receivedMessage(message: WorldMessage): ReceivedMessage {
  const { tick, agentId, topic, encoding, timestamp } = message;
  return { tick, agentId, topic, encoding, timestamp, payload: decodePayload(encoding, message.payload) };
}

/** JSON and text decoded, everything else bytes. */
export function decodePayload(encoding: Encoding, payload: Uint8Array): Payload {
  if (encoding !== Encoding.JSON && encoding !== Encoding.TEXT) return payload;
  const text = decodeUtf8(payload);
  if (text === undefined || encoding === Encoding.TEXT) return text ?? payload;
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing else
  } catch {
    return text;
  }
}

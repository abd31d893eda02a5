/** Messages of the world as JSON: content as a value where it is JSON or text, else as base64. */

import { Encoding, decodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { WorldMessage } from "../world/control.js";
import { isRecord } from "./record.js";

/** Content on the wire: `body`, or `payload` in base64 where it is no readable JSON or text. */
export interface WireMessage {
  readonly tick: number;
  readonly agentId: string;
  readonly topic: string;
  readonly timestamp: string;
  readonly encoding: string;
  readonly body?: Json;
  readonly payload?: string;
}

export function wireMessage(message: WorldMessage): WireMessage {
  const { tick, agentId, topic, timestamp, encoding, payload } = message;
  const name = Object.entries(Encoding).find(([, code]) => code === encoding)?.[0] ?? "BYTES";
  const head = { tick, agentId, topic, timestamp, encoding: name.toLowerCase() };
  const body = bodyOf(encoding, payload);
  return body === undefined
    ? { ...head, payload: Buffer.from(payload).toString("base64") }
    : { ...head, body };
}

/** Undefined where the content is not what its encoding says, or is bytes. */
function bodyOf(encoding: Encoding, payload: Uint8Array): Json | undefined {
  if (encoding !== Encoding.JSON && encoding !== Encoding.TEXT) return undefined;
  const text = decodeUtf8(payload);
  if (text === undefined || encoding === Encoding.TEXT) return text;
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}

/** Answers are reports, which are JSON, or one message. */
export function wireAnswer(value: unknown): unknown {
  return isRecord(value) && value["payload"] instanceof Uint8Array
    ? wireMessage(value as unknown as WorldMessage) // the only answer that holds bytes
    : value;
}

/** Messages of the world as JSON: content as a value where it is JSON or text, else as base64. */

import type { Json } from "@wasm-engine/core";
import type { WorldMessage } from "../world/control.js";
import { bodyOf, encodingName } from "../world/payload.js";
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
  const head = { tick, agentId, topic, timestamp, encoding: encodingName(encoding) };
  const body = bodyOf({ encoding, payload });
  return body === undefined
    ? { ...head, payload: Buffer.from(payload).toString("base64") }
    : { ...head, body };
}

/** Answers are reports, which are JSON, or one message. */
export function wireAnswer(value: unknown): unknown {
  return isRecord(value) && value["payload"] instanceof Uint8Array
    ? wireMessage(value as unknown as WorldMessage) // the only answer that holds bytes
    : value;
}

/** A published message as one line of JSON in the founding shape `{agentId, topic, payload, timestamp}`. */

import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { Departure } from "@wasm-engine/core";
import { encodingName } from "../world/payload.js";

/** The line with its line end. `timestamp` is virtual time. */
export function departureLine(departure: Departure, timestamp: string): Uint8Array {
  const agentId = JSON.stringify(departure.agentId);
  const topic = JSON.stringify(departure.topic);
  const payload = payloadJson(departure);
  return encodeUtf8(
    `{"agentId":${agentId},"topic":${topic},"payload":${payload},"timestamp":${JSON.stringify(timestamp)}}\n`,
  );
}

/**
 * JSON payloads stand as the agent wrote them, so that no digit is lost; text becomes a JSON string; anything
 * else, and JSON or text that is none, becomes `{"encoding", "base64"}`.
 */
function payloadJson({ encoding, payload }: Departure): string {
  const text = encoding === Encoding.JSON || encoding === Encoding.TEXT ? decodeUtf8(payload) : undefined;
  if (text !== undefined && encoding === Encoding.TEXT) return JSON.stringify(text);
  // Line ends can only be white space between values here: inside strings JSON forbids them.
  if (text !== undefined && isJson(text)) return text.trim().replace(/[\r\n]/g, " ");
  const base64 = Buffer.from(payload).toString("base64");
  return JSON.stringify({ encoding: encodingName(encoding), base64 });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
